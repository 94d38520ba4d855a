"""`waterworks accept DATASET`: read on with the changed tables of a paused object."""

from __future__ import annotations

import getpass
from typing import Annotated

import typer

from portal.cli.exits import PARTLY, told
from portal.cli.options import DEFAULT, Lang
from portal.cli.wording import help_text, text


def accept(
    dataset: Annotated[str, typer.Argument(metavar="SYSTEM.OBJECT", help=help_text("accept_dataset"))],
    lang: Lang = DEFAULT,
) -> None:
    with told(lang):
        from hub.landing import drift
        from hub.settings import home
        from hub.store.engine import connect
        from portal.cli.init import prepare_store
        from portal.supervisor.store import store_in_use
        from portal.web.store import audit

        with store_in_use(home()):
            prepare_store(lang)
            with connect() as connection:
                by = getpass.getuser()
                count = drift.accept(connection, dataset, by)
                if count:
                    audit(connection, by, "accept_schema", dataset, changes=count, by="waterworks accept")
        typer.echo(text(lang, "accept.done" if count else "accept.none", dataset=dataset, count=count))
        if not count:
            raise typer.Exit(PARTLY)
