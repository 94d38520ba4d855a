"""What was found in a sheet and decided about it, told as notes.

Belongs here: one note per decision of the layout. Does not belong here: deciding (layout.py, blocks.py), notes
about rows (rows.py) and about the file (table.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

import pyarrow.compute as pc

from connectors.excel.filetypes.cells import address, column_letters
from connectors.excel.finding import headers, units
from connectors.excel.finding.headers import Header, Match
from connectors.excel.safety.sandbox import Sheet
from schemas.model import Template
from schemas.problems import Problem

_MOST_NAMED = 5
# How a header was recognised -> the note that says so; its own name needs none.
_HOW = {
    "synonym": "note_synonym",
    "traditional": "note_traditional",
    "pinyin": "note_pinyin",
    "initials": "note_pinyin",
    "remembered": "note_remembered",
    "pinned": "note_pinned_column",
}


@dataclass(frozen=True)
class Told:
    """A layout before its notes: what of the sheet means what."""

    sheet: Sheet
    template: Template
    rows: tuple[int, int]  # first and last header row
    columns: Mapping[str, int]
    matched: Mapping[str, Sequence[Match]]
    unknown: Sequence[Header]
    after: int = 0  # the last row of the part above, which is no title of this one


def notes(about: Told, beside: Sequence[tuple[int, int]], other_row: int | None) -> list[Problem]:
    """All notes of one layout. `beside`: (row, column) where further tables of the template begin; `other_row`:
    where a table of another kind begins below."""
    found = [*_header_notes(about), *_column_notes(about), *_unit_notes(about), *_hidden_notes(about)]
    if beside:
        cells = ", ".join(address(row, column) for row, column in beside[:_MOST_NAMED])
        found.append(Problem("note_other_tables", cells=cells))
    if other_row is not None:
        found.append(Problem("note_other_table_below", row=other_row))
    return [*found, *_value_notes(about)]


def nearest_of(about: Told, missing: Sequence[str]) -> list[str]:
    """For each missing column the likest unknown header: "客户代号 (B4) ≈ 客户编码"."""
    near = []
    for source in missing:
        header = headers.nearest(source, about.template, about.unknown)
        if header is not None:
            near.append(f"{header.shown} ({address(max(about.rows[1], 1), header.column)}) ≈ {source}")
    return near


def _header_notes(about: Told) -> Iterator[Problem]:
    first, last = about.rows
    if last == 0:
        yield Problem("note_no_header", data=1)
        return
    if first > about.after + 1:
        yield Problem("note_banner", rows=_span(about.after + 1, first - 1))
    yield Problem("note_header", rows=_span(first, last), data=last + 1)
    if about.template.pin.header_row is not None:
        yield Problem("note_pinned", rows=_span(first, last))


def _span(first: int, last: int) -> str:
    """Rows for people: "4" or "4-6"."""
    return str(first) if first == last else f"{first}-{last}"


def _column_notes(about: Told) -> Iterator[Problem]:
    last = about.rows[1]
    for source, group in about.matched.items():
        match = group[0]
        header = match.header
        if match.how in _HOW and headers.plain(header.leaf) != headers.plain(source):
            cell = address(max(last, 1), header.column)
            yield Problem(_HOW[match.how], header=header.shown or "-", column=source, cell=cell)
        if len(group) > 1:
            cells = ", ".join(address(last, other.header.column) for other in group)
            yield Problem("note_double_column", column=source, cells=cells, used=column_letters(header.column))
    read = [column for column in about.template.columns if column.origin == "cell"]
    absent = [column.source for column in read if not column.required and column.source not in about.columns]
    if about.unknown:
        open_columns = [column.source for column in read if column.source not in about.columns]
        named, resembles = [], False
        for header in about.unknown:
            near = headers.proposals(header, about.template, open_columns)
            resembles = resembles or bool(near)
            likely = f" ≈ {' / '.join(near)}?" if near else ""
            named.append(f"{header.shown} ({column_letters(header.column)}){likely}")
        code = "note_unknown_columns_near" if resembles else "note_unknown_columns"
        yield Problem(code, columns=", ".join(named))
    if absent:
        yield Problem("note_absent_columns", columns=", ".join(absent))


def unit_of(about: Told, source: str) -> str | None:
    """The unit that holds for a column: its header's, a group title's, else what the banner says."""
    header = about.matched[source][0].header
    # "单位：元" above the table holds for the columns that expect such a unit, not for a date that stands below it
    above = [text for text in header.above if units.in_banner(text) is None]
    for text in (*reversed(header.levels), *above):
        if (unit := units.unit_of(text)) is not None:
            return unit
    expected = about.template.column(source).unit
    banner = banner_unit(about)
    return banner if banner and expected and units.factor(banner, expected) is not None else None


def banner_unit(about: Told) -> str | None:
    """The unit stated above the table: "单位：万元"."""
    cells = about.sheet.cells
    if about.rows[0] <= 1 or not cells.num_rows:
        return None
    above = cells.filter(pc.less(cells["row"], about.rows[0]))["text"].slice(0, 200).to_pylist()
    return next((unit for text in above if (unit := units.in_banner(text)) is not None), None)


def factors(about: Told) -> dict[str, Decimal]:
    """Source column -> factor, for the columns that are to be converted to the unit of the template."""
    found = {}
    for source in about.matched:
        column, unit = about.template.column(source), unit_of(about, source)
        if column.convert and column.unit and unit and not units.same(unit, column.unit):
            factor = units.factor(unit, column.unit)
            if factor is not None:
                found[source] = factor
    return found


def _unit_notes(about: Told) -> Iterator[Problem]:
    for source in about.matched:
        unit, column = unit_of(about, source), about.template.column(source)
        if unit is None:
            continue
        if column.unit is None or units.same(unit, column.unit):
            yield Problem("note_unit", column=source, unit=unit)
            continue
        factor = units.factor(unit, column.unit)
        if factor is None:
            yield Problem("note_unit_differs", column=source, unit=unit, expected=column.unit)
        else:
            code = "note_unit_converted" if column.convert else "note_unit_factor"
            yield Problem(code, column=source, unit=unit, expected=column.unit, factor=str(factor))


def _hidden_notes(about: Told) -> Iterator[Problem]:
    policy = about.template.hidden
    shown = {header.column: header.shown for header in about.unknown}
    shown |= {match.header.column: match.header.shown for group in about.matched.values() for match in group}
    hidden = [
        f"{shown[column]} ({column_letters(column)})"
        for column in sorted(shown)
        if any(left <= column <= right for left, right in about.sheet.hidden_columns)
    ]
    if hidden and policy.columns == "warn":
        yield Problem("note_hidden_columns", columns=", ".join(hidden))
    cells = about.sheet.cells
    last = pc.max(cells.filter(pc.equal(cells["row"], max(about.rows[1], 1)))["column"]).as_py() or 0
    inside = [(left, min(right, last)) for left, right in about.sheet.hidden_columns if left <= last]
    if inside and policy.columns == "skip":
        spans = (f"{column_letters(left)}:{column_letters(right)}" for left, right in inside)
        yield Problem("note_hidden_columns_skipped", columns=", ".join(spans))
    if not about.sheet.visible and policy.sheets != "read":
        yield Problem("note_hidden_sheet", sheet=about.sheet.name or "")


def _value_notes(about: Told) -> Iterator[Problem]:
    sheet = about.sheet
    for code, seen in (("note_errors", sheet.errors), ("note_not_calculated", sheet.not_calculated)):
        if seen.get("count"):
            yield Problem(code, count=seen["count"], cells=", ".join(seen["cells"]))
    formulas = sheet.formulas.get("count", 0)
    if sheet.recalculate and formulas:
        yield Problem("note_stale_formulas", count=formulas, cells=", ".join(sheet.formulas["cells"]) or "-")
