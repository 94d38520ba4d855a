"""Finding a template's table in a sheet: header rows by content, columns by name, or where a person pinned them.

Belongs here: pure decisions over one sheet's cells and one template. Does not belong here: telling them
(explain.py), opening files (sandbox.py), data rows (rows.py).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from itertools import takewhile

import pyarrow as pa
import pyarrow.compute as pc

from connectors.excel.finding import blocks, explain, headers
from connectors.excel.finding.blocks import Used
from connectors.excel.finding.headers import Header, Match, Words
from connectors.excel.safety.sandbox import Sheet
from schemas.model import Template
from schemas.problems import Problem

HEAD_ROWS = 60  # rows looked at for a header, with some to spare below the last possible one
SEARCHED_ROWS = 50
MAX_LEVELS = 3
_LEAST_WORDS = 0.25  # share of a row's cells that name columns, for it to be looked at as another header
_MOST_HEADERS = 200  # rows looked at so
_MOST_STRANGE = 0.2  # share of the cells of another header that may be no names of columns
_WIDEST_MERGE = 500  # a merge across more columns is a banner or a whole formatted row

Grid = dict[int, dict[int, str]]  # row -> column -> text


@dataclass(frozen=True)
class Layout:
    """Where a template's table stands in a sheet. Rows and columns are 1-based."""

    columns: dict[str, int]  # source column -> column, in template order
    header_rows: tuple[int, int]  # first, last; (0, 0) for a table without a header
    headers: tuple[Header, ...]  # every header of the table, known or not
    missing: tuple[str, ...]  # required columns that are not there
    nearest: tuple[str, ...]  # for these: "客户代号 (B4) ≈ 客户编码"
    notes: tuple[Problem, ...]
    matches: dict[str, tuple[Match, ...]]
    last_row: int | None = None  # None: to the end of the sheet
    titles: tuple[int, ...] = ()  # rows above `last_row` that entitle the next table
    factors: Mapping[str, Decimal] = field(default_factory=dict)  # source column -> what its numbers are multiplied by
    beside: frozenset[int] = frozenset()  # columns of further tables that are told and not read
    weak: int = 0  # columns recognised by traditional spelling or pinyin only

    @property
    def score(self) -> int:
        return len(self.columns)

    @property
    def span(self) -> tuple[int, int]:
        """First and last column of the table."""
        places = [header.column for header in self.headers] or list(self.columns.values())
        return min(places), max(places)


@dataclass(frozen=True)
class _Found:
    headers: list[Header]
    matched: dict[str, list[Match]]
    rows: tuple[int, int]

    def rank(self, required: set[str]) -> tuple[int, int, int, int]:
        levels = self.rows[1] - self.rows[0] + 1
        first = min(match.header.column for group in self.matched.values() for match in group)
        return len(self.matched) + len(required & self.matched.keys()), -levels, -self.rows[1], -first

    @property
    def columns(self) -> set[int]:
        return {header.column for header in self.headers}


def head(sheet: Sheet, rows: Sequence[int] | None = None) -> Grid:
    """The sheet's first rows (or the rows named); merged cells repeat their text to the right and down."""
    grid: Grid = defaultdict(dict)
    cells = sheet.cells
    if rows is not None:
        top = cells.filter(pc.is_in(cells["row"], pa.array(rows, cells["row"].type)))
    else:
        top = cells.filter(pc.less_equal(cells["row"], HEAD_ROWS)) if cells.num_rows else cells
    for row, column, text in zip(*(top[name].to_pylist() for name in ("row", "column", "text")), strict=True):
        if text.strip():
            grid[row][column] = text
    wanted = set(rows) if rows is not None else range(1, HEAD_ROWS + 1)
    for first_row, left, last_row, right in sheet.merges:
        text = grid.get(first_row, {}).get(left)
        if text is None or right - left > _WIDEST_MERGE:
            continue
        for row in range(first_row, min(last_row, first_row + HEAD_ROWS) + 1):
            if row in wanted:
                for column in range(left, right + 1):
                    grid[row].setdefault(column, text)
    return dict(grid)


def find(
    sheet: Sheet, template: Template, remembered: Mapping[str, str | None] | None = None, spoken: bool = True
) -> Layout | None:
    """The best table of this template in the sheet, None if nothing looks like one.

    A layout with `missing` columns is returned too: the caller decides what to say about it. `remembered`: header
    text -> source column (None: "not one of ours"), as a person decided earlier. `spoken`: look for
    traditional characters and pinyin too where the plain spellings do not give all required columns.
    """
    found = find_all(sheet, template, remembered, spoken)
    return found[0] if found else None


def find_all(
    sheet: Sheet, template: Template, remembered: Mapping[str, str | None] | None = None, spoken: bool = True
) -> list[Layout]:
    """The best table, its continuations further down, and, if the template reads all tables, those beside it."""
    if not sheet.read:
        return []
    used = Used.of(sheet)
    if template.pin.header_row is not None:
        pinned = _pinned(sheet, template, remembered or {})
        return [_layout(sheet, template, pinned, used, ())]
    candidates: list[_Found] = []
    words = Words(template, remembered or {})
    required = {column.source for column in template.columns if column.required and column.origin == "cell"}
    for also_spoken in (False, True)[: 1 + spoken]:
        words = Words(template, remembered or {}, spoken=also_spoken)
        candidates = _candidates(sheet, template, words, used)
        if candidates and required <= max(candidates, key=lambda one: one.rank(required)).matched.keys():
            break
    wanted = sum(column.origin == "cell" for column in template.columns)
    candidates = [one for one in candidates if len(one.matched) >= min(2, wanted) or template.pin.columns]
    if not candidates:
        return []
    best = _not_a_record(max(candidates, key=lambda one: one.rank(required)), candidates, required)
    others = _others(candidates, best, required)
    best = _with_group_rows(sheet, best, words)
    below = _continuations(sheet, template, best, words, used)
    beside = [_with_group_rows(sheet, other, words) for other in others]
    tables = []
    after = 0  # last row of the part above
    for place, part in enumerate([best, *below]):
        around = () if template.all_tables or place else tuple(beside)
        layout = _layout(sheet, template, part, used, around, after)
        if place < len(below):
            end = below[place].rows[0] - 1
            last = end if layout.last_row is None else min(end, layout.last_row)
            layout = replace(layout, last_row=last, titles=_titles(below[place], used))
            after = end - len(layout.titles)
        tables.append(layout)
    if template.all_tables:
        tables += [_layout(sheet, template, other, used, ()) for other in beside]
    return tables


def _candidates(sheet: Sheet, template: Template, words: Words, used: Used) -> list[_Found]:
    """Every block of headers that means at least one column, in the first rows, else in the whole sheet."""
    grid = head(sheet)
    found = _in_grid(sheet, grid, [row for row in grid if row <= SEARCHED_ROWS], template, words, used)
    if max((len(one.matched) for one in found), default=0) < 2 and sheet.complete:
        deep = blocks.rows_with_words(sheet, _written(template), SEARCHED_ROWS)[:20]
        rows = sorted({row - step for row in deep for step in range(MAX_LEVELS)})
        found += _in_grid(sheet, head(sheet, rows), deep, template, words, used)
    return found


def _written(template: Template) -> set[str]:
    return {word for column in template.columns for word in (column.source, *column.synonyms)}


def _seen(line: list[Header], sheet: Sheet, template: Template) -> list[Header]:
    """Without the hidden columns, if the template leaves them out."""
    if template.hidden.columns != "skip" or not sheet.hidden_columns:
        return line
    spans = sheet.hidden_columns
    return [header for header in line if not any(left <= header.column <= right for left, right in spans)]


def _in_grid(
    sheet: Sheet, grid: Grid, rows: Sequence[int], template: Template, words: Words, used: Used
) -> list[_Found]:
    found = []
    pin = template.pin
    # Most rows are data: reading them as headers would cost more than everything else.
    promising = {row for row in grid if pin.columns or any(map(words.may_end, grid[row].values()))}
    for last in sorted(rows):
        for levels in range(1, MAX_LEVELS + 1):
            first = last - levels + 1
            if first < 1 or (levels > 1 and first not in grid):
                break
            if promising.isdisjoint(range(first, last + 1)):
                continue
            line = _seen(headers.of_rows(grid, first, last, pin.first_column, pin.last_column), sheet, template)
            parts = [_matched(part, words, (first, last)) for part in blocks.split(line, used, first)]
            parts = _joined([part for part in parts if part.matched], used, words)
            found += parts
    return found


def _matched(found: list[Header], words: Words, rows: tuple[int, int]) -> _Found:
    matched = headers.match(found, words)
    for source, column in words.template.pin.columns.items():
        header = next((one for one in found if one.column == column), Header(column, ("",)))
        matched[source] = [Match(header, "pinned")]
    _nearest_first(matched)
    if words.template.pin.columns:
        nailed = set(words.template.pin.columns.values())
        for source in [name for name in matched if name not in words.template.pin.columns]:
            matched[source] = [match for match in matched[source] if match.header.column not in nailed]
            if not matched[source]:
                del matched[source]
    return _Found(found, matched, rows)


def _nearest_first(matched: dict[str, list[Match]]) -> None:
    """Of headers that mean one column equally well, the one beside the table's other columns comes first: two tables
    may touch each other."""
    alone = sorted(group[0].header.column for group in matched.values() if len(group) == 1)
    if not alone:
        return
    middle = alone[len(alone) // 2]
    for group in matched.values():
        same = [match for match in group if match.how == group[0].how]
        if len(same) > 1 and not alone[0] <= same[0].header.column <= alone[-1]:
            group.sort(key=lambda match: (match not in same, abs(match.header.column - middle)))


def _joined(parts: list[_Found], used: Used, words: Words) -> list[_Found]:
    """Blocks of one row put together where they share no column of the template and are filled in the same rows."""
    if len(parts) < 2:
        return parts
    whole = parts[0]
    for part in parts[1:]:
        apart = whole.matched.keys() & part.matched.keys()
        if not apart and blocks.belong_together(whole.headers, part.headers, used, part.rows[1]):
            whole = _matched([*whole.headers, *part.headers], words, part.rows)
    return [whole, *parts] if whole is not parts[0] else parts


def _others(candidates: list[_Found], best: _Found, required: set[str]) -> list[_Found]:
    """Further complete tables of the template beside the best one, each in its best reading."""
    taken, found = set(best.columns), []
    for one in sorted(candidates, key=lambda one: one.rank(required), reverse=True):
        complete = required <= one.matched.keys() and len(one.matched) >= 2
        if complete and not one.columns & taken:
            taken |= one.columns
            found.append(one)
    return sorted(found, key=lambda one: min(one.columns))


def _with_group_rows(sheet: Sheet, found: _Found, words: Words) -> _Found:
    """The header once rows of group titles ("基本信息") above it are counted in."""
    columns = [group[0].header.column for group in found.matched.values()]
    rows, width = found.rows, max(columns) - min(columns) + 1
    grid = head(sheet) if rows[1] <= HEAD_ROWS else head(sheet, range(max(1, rows[0] - MAX_LEVELS), rows[1] + 1))
    first = rows[0]
    while first > 1 and rows[1] - first + 1 < MAX_LEVELS:
        spans = [
            right - left + 1
            for top, left, bottom, right in sheet.merges
            if top <= first - 1 <= bottom and right > left and left <= max(columns) and right >= min(columns)
        ]
        if not spans or max(spans) >= width or first - 1 not in grid:
            break
        first -= 1
    if first == rows[0]:
        return found
    pin = words.template.pin
    line = headers.of_rows(grid, first, rows[1], pin.first_column, pin.last_column)
    return _matched([header for header in line if header.column in found.columns], words, (first, rows[1]))


def _not_a_record(best: _Found, candidates: Sequence[_Found], required: set[str]) -> _Found:
    """The best header, unless it is a record below a header: one that holds names of further columns ("名称2")."""
    above = [one for one in candidates if one.rows[1] < best.rows[1] and _is_record_of(best, one, required)]
    return max(above, key=lambda one: one.rank(required)) if above else best


def _is_record_of(lower: _Found, upper: _Found, required: set[str]) -> bool:
    """Do the cells of `lower` read as a record below `upper`: most are no names of columns, and other texts stand
    below the columns of `upper`?"""
    if len(upper.matched) < 2 or not required <= upper.matched.keys() or not lower.columns <= upper.columns:
        return False
    if len(lower.matched) * 2 > len(lower.headers):
        return False
    below = {header.column: header.leaf for header in lower.headers}
    own = [group[0].header for group in upper.matched.values()]
    return sum(header.column in below and below[header.column] != header.leaf for header in own) * 2 > len(own)


def _continuations(sheet: Sheet, template: Template, best: _Found, words: Words, used: Used) -> list[_Found]:
    """The same table again further down with its columns in other places; a header in the same places is only a
    repeated one. A record in which some cells happen to be names of columns is no header."""
    if not sheet.complete:
        return []
    written = _written(template) | {level.strip() for header in best.headers for level in header.levels}
    current, found = best, []
    least = {column.source for column in template.columns if column.required and column.origin == "cell"}
    for row in blocks.rows_with_words(sheet, written, best.rows[1], _LEAST_WORDS)[:_MOST_HEADERS]:
        line = headers.of_rows(head(sheet, [row]), row, row, template.pin.first_column, template.pin.last_column)
        for part in blocks.split(line, used, row):
            if not {header.column for header in part} & current.columns:
                continue
            again = _matched(part, words, (row, row))
            if not least <= again.matched.keys() or not _is_header_again(again, best, template, written):
                continue
            if _places(again) != {
                source: place for source, place in _places(current).items() if source in again.matched
            }:
                found.append(again)
                current = again
    return found


def _is_header_again(again: _Found, best: _Found, template: Template, written: set[str]) -> bool:
    """Is a row further down surely a header: the key and most of what the first header had, nearly nothing that is
    no name of a column, no name twice?"""
    if len(again.matched) < 2 or len(again.matched) * 2 <= len(best.matched):
        return False
    if any(source in best.matched and source not in again.matched for source in template.key):
        return False
    if any(len(group) > 1 for group in again.matched.values()):
        return False
    named = {group[0].header.column for group in again.matched.values()}
    strange = [one for one in again.headers if one.column not in named and one.leaf.strip() not in written]
    return len(strange) <= _MOST_STRANGE * len(again.headers)


def _titles(found: _Found, used: Used) -> tuple[int, ...]:
    """The rows of one cell directly above a header further down: its title."""
    above = range(found.rows[0] - 1, max(found.rows[0] - 1 - MAX_LEVELS, 0), -1)
    return tuple(takewhile(lambda row: (used.rows == row).sum() == 1, above))


def _places(found: _Found) -> dict[str, int]:
    return {source: group[0].header.column for source, group in found.matched.items()}


def _pinned(sheet: Sheet, template: Template, remembered: Mapping[str, str | None]) -> _Found:
    pin = template.pin
    rows = pin.header_row or (0, 0)
    words = Words(template, remembered, spoken=True)
    if rows == (0, 0):
        line = [Header(column, (source,)) for source, column in pin.columns.items()]
    else:
        grid = head(sheet) if rows[1] <= HEAD_ROWS else head(sheet, range(max(1, rows[0] - 1), rows[1] + 1))
        line = headers.of_rows(grid, *rows, pin.first_column, pin.last_column)
    return _matched(line, words, rows)


def _layout(
    sheet: Sheet, template: Template, found: _Found, used: Used, beside: tuple[_Found, ...], after: int = 0
) -> Layout:
    read = [column for column in template.columns if column.origin == "cell"]
    columns = {c.source: found.matched[c.source][0].header.column for c in read if c.source in found.matched}
    missing = tuple(c.source for c in read if c.required and c.source not in found.matched)
    taken = {match.header.column for group in found.matched.values() for match in group}
    unknown = [header for header in found.headers if header.column not in taken]
    matches = {source: tuple(group) for source, group in found.matched.items()}
    last = template.pin.last_row
    other = blocks.other_table_below(sheet, sorted(columns.values()), found.rows[1], last) if sheet.complete else None
    about = explain.Told(sheet, template, found.rows, columns, matches, unknown, after)
    return Layout(
        columns=columns,
        header_rows=found.rows,
        headers=tuple(found.headers),
        missing=missing,
        nearest=tuple(explain.nearest_of(about, missing)),
        notes=tuple(explain.notes(about, [(one.rows[1], min(one.columns)) for one in beside], other)),
        matches=matches,
        last_row=last if other is None else other - 1,
        factors=explain.factors(about),
        beside=frozenset().union(*(one.columns for one in beside)),
        weak=sum(group[0].how in ("traditional", "pinyin", "initials") for group in matches.values()),
    )
