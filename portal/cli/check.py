"""`waterworks check [SOURCE]`: per source system a sentence that sums it up, and the points it was made from.

With SOURCE every point is shown, without it only those somebody should look at. A warning does not fail
the command.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from portal.cli.exits import CONFIG, OK, PARTLY, told
from portal.cli.options import DEFAULT, Lang
from portal.cli.wording import help_text, text
from schemas.problems import Language, Problem

if TYPE_CHECKING:
    from connectors.base import Check
    from connectors.config_models import SystemConfig

_MARKS = {"ok": ("✓", None), "warn": ("!", "yellow"), "bad": ("✗", "red")}


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
                answer = _ask(system)
                _show(answer, lang, everything=source is not None)
                code = code if answer.ok else max(code, PARTLY)
        raise typer.Exit(code)


def _ask(system: SystemConfig) -> Check:
    """The answer of one system; a problem is an answer too."""
    from connectors.base import Check
    from connectors.config import open_connector
    from schemas.model import Text

    try:
        return open_connector(system).check()
    except Problem as problem:
        return Check(system.system, False, Text(problem.text("zh"), problem.text("en")))


def _show(answer: Check, lang: Language, everything: bool) -> None:
    """The sentence, then the points below it: bad ones first met are the sentence itself already."""
    sentence = answer.sentence[lang]
    typer.secho(f"{'✓' if answer.ok else '✗'} {sentence}", fg="green" if answer.ok else "red")
    for point in answer.points:
        shown = point.sentence[lang]
        if shown != sentence and (everything or point.verdict != "ok"):
            mark, colour = _MARKS[point.verdict]
            typer.secho(f"    {mark} {shown}", fg=colour)
    if warnings := sum(point.verdict == "warn" for point in answer.points):
        typer.echo("    " + text(lang, "check.warnings", count=warnings))
