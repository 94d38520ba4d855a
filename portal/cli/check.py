"""`waterworks check [SOURCE]`: one plain sentence per source system: what works, what does not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from portal.cli.exits import CONFIG, OK, PARTLY, told
from portal.cli.options import DEFAULT, Lang
from portal.cli.wording import help_text, text
from schemas.problems import Language, Problem

if TYPE_CHECKING:
    from connectors.config_models import SystemConfig


def check(
    source: Annotated[str | None, typer.Argument(metavar="SOURCE", help=help_text("check_source"))] = None,
    lang: Lang = DEFAULT,
) -> None:
    with told(lang):
        from connectors.config import read_systems
        from hub.settings import load_environment

        load_environment()
        systems, problems = read_systems()
        if source is not None and source not in systems and not problems:
            raise Problem("source_unknown", source=source, known=", ".join(systems))
        code = OK
        for problem in problems:
            typer.secho(f"✗ {problem.text(lang)}", fg="red")
            code = CONFIG
        if not systems and not problems:
            typer.echo(text(lang, "check.no_sources"))
        for name, system in systems.items():
            if source in (None, name):
                works, sentence = _ask(system, lang)
                typer.secho(f"{'✓' if works else '✗'} {sentence}", fg="green" if works else "red")
                code = code if works else max(code, PARTLY)
        raise typer.Exit(code)


def _ask(system: SystemConfig, lang: Language) -> tuple[bool, str]:
    """(works, sentence) of one system; a problem is an answer too."""
    from connectors.config import open_connector

    try:
        answer = open_connector(system).check()
    except Problem as problem:
        return False, problem.text(lang)
    return answer.ok, answer.sentence[lang]
