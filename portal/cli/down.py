"""`waterworks down`: stop everything of this home, from any shell."""

from __future__ import annotations

import typer

from portal.cli.exits import told
from portal.cli.options import DEFAULT, Lang
from portal.cli.wording import text


def down(lang: Lang = DEFAULT) -> None:
    with told(lang):
        from hub.settings import home
        from portal.supervisor.stop import stop_run

        typer.echo(text(lang, "down.stopped" if stop_run(home()) else "down.nothing"))
