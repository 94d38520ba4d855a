"""`waterworks compare OLD NEW --template T`: what changed from one version of a workbook to another.

Belongs here: asking and printing. Not here: comparing (connectors/excel/files/compare.py). Needs no store.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from portal.cli.exits import OK, PARTLY, told
from portal.cli.options import DEFAULT, Lang
from portal.cli.wording import help_text, text
from schemas.problems import Language, Problem

if TYPE_CHECKING:
    from connectors.excel.files.compare import Comparison, RowChange

ROWS = 20  # shown one by one; the counts are of all
PASSWORDS = "WATERWORKS_WORKBOOK_PASSWORDS"


def compare(
    old: Annotated[Path, typer.Argument(metavar="OLD", help=help_text("compare_old"))],
    new: Annotated[Path, typer.Argument(metavar="NEW", help=help_text("compare_new"))],
    template: Annotated[
        str | None, typer.Option("--template", "-t", metavar="T", help=help_text("compare_template"))
    ] = None,
    lang: Lang = DEFAULT,
) -> None:
    with told(lang):
        from connectors.excel.files.compare import compare as compare_files
        from connectors.excel.finding.table import match_template
        from connectors.excel.safety.passwords import split
        from hub.settings import load_environment
        from schemas.template_loader import templates

        load_environment()
        passwords = split(os.environ.get(PASSWORDS, ""))
        known = templates()
        if template is not None and template not in known:
            raise Problem("header_unknown_template", template=template, known=", ".join(known))
        chosen = known[template] if template else match_template(new, known.values(), new.name, passwords)
        found = compare_files(old, new, chosen, passwords=passwords)
        show(found, lang)
        raise typer.Exit(OK if found.is_equal else PARTLY)


def show(found: Comparison, lang: Language) -> None:
    """The counts, the columns, then the first rows."""
    if found.is_equal:
        typer.echo(text(lang, "compare.equal", old=found.old, new=found.new, rows=f"{found.same:,}"))
        return
    counts = {name: f"{getattr(found, name):,}" for name in ("added", "changed", "removed", "same")}
    typer.echo(text(lang, "compare.counts", old=found.old, new=found.new, **counts))
    for name, columns in (("columns_added", found.columns_added), ("columns_removed", found.columns_removed)):
        if columns:
            typer.echo(text(lang, f"compare.{name}", columns=", ".join(columns)))
    for row in found.rows[:ROWS]:
        typer.echo("  " + _line(row, lang))
    if (more := found.added + found.changed + found.removed - len(found.rows[:ROWS])) > 0:
        typer.echo(text(lang, "compare.more", rows=f"{more:,}"))


def _line(row: RowChange, lang: Language) -> str:
    place = row.new_row if row.new_row is not None else row.old_row
    line = text(lang, f"compare.{row.kind}", key=row.key, row=place)
    cells = [f"{column}: {old or '-'} → {new or '-'}" for column, (old, new) in row.cells.items()]
    return f"{line}  {'; '.join(cells)}" if cells else line
