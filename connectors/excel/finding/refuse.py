"""Rows below a header that are no data: totals, repeated headers, signatures, notes, section titles.

Belongs here: deciding per row, with the code of the reason. Does not belong here: reading cells (body.py), pages
(rows.py). Columns are asked first; only rows that could be refused are looked at one by one.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from connectors.excel.finding.body import Body
from connectors.excel.finding.layout import Layout
from connectors.excel.safety.sandbox import Sheet
from schemas.model import Template

TOTAL = "workbook_reject_total"
HEADER = "workbook_reject_header"
SIGNATURE = "workbook_reject_signature"
NOTE = "workbook_reject_note"
SECTION = "workbook_reject_section"
HIDDEN = "workbook_reject_hidden"
UNREAD = "workbook_reject_unread"
_WORDS = "合计|总计|小计|共计|总合计|累计|合計|總計|小計|共計|汇总|平均值?|grandtotal|sub-?total|total|average"
_TOTAL = re.compile(
    rf"(?:本页|本頁|本月|本年|累计|以上|分类|部门)?(?:{_WORDS})(?:$|[:,(\d]|共|数量|金额|数|行|\()",
)
_TOTAL_END = re.compile(rf".{{1,30}}(?:{_WORDS})[:)]?$")
_SIGNATURE = re.compile(
    r"(?:制表|填表|审核|审批|复核|批准|编制|打印|制单|製表|審核|核准)(?:人|日期|时间|時間)?[:]"
    r"|第\d+[页頁]|共\d+[页頁]|page\d+(?:of\d+)?$|[(]?续表[)]?$"
)
_NOTE = re.compile(r"(?:注|註|备注|備註|说明|說明|附注|填表说明|注意事项|notes?|remarks?)(?:[:(]|\d[.、)]|$)")
# Spellings of the three above that are quick to ask of many cells
_TELLING_TOTAL = r"(?i)[合总小共累總]\s*[计計]|汇\s*总|平\s*均|total|average"
_TELLING_SHORT = (
    r"(?i)制\s*表|填表|审核|审批|复核|批准|编制|打印|制单|製表|審核|核准|续表"
    r"|第\s*\d+\s*[页頁]|page\s*\d|^\s*[注註]|^\s*(?:说明|备注|附注|說明|備註|notes?|remarks?)"
)
_SHORT = 4  # cells of a row of signatures
_NUMBER = r"^\s*[-+(]?[¥￥$]?[\d,]*\.?\d+\)?\s*$"
_MOST_CANDIDATES = 5_000  # rows without a key that are compared with the sums above them


def reasons(body: Body, sheet: Sheet, layout: Layout, template: Template) -> dict[int, str]:
    """Row -> code of why it is no data."""
    if not len(body.rows):
        return {}
    key_columns = {layout.columns[source] for source in template.key if source in layout.columns}
    required = {layout.columns[c.source] for c in template.columns if c.required and c.source in layout.columns}
    like_header = _like_header(body, layout)
    sums = set(body.marked(sheet, "sums")[0].tolist()) & set(body.rows.tolist())
    merged = _wide_merges(sheet, layout)
    banner = _banner(sheet, layout)
    found = _hidden(body, sheet, template)
    found |= dict.fromkeys((row for row in layout.titles if row in body.rows), SECTION)
    counts = _Counts.of(body, key_columns)
    special = set(like_header) | sums | merged
    suspicious = _telling(body, counts, key_columns, special)
    suspicious |= set(like_header) | {row for row in sums if not counts.keys[row]}
    suspicious |= {row for row in merged if row < len(counts.cells) and counts.cells[row] == 1}
    suspicious |= {row for row in _repeats(body, banner) if counts.cells[row] <= 2}
    for row in sorted(suspicious - found.keys()):
        cells = body.row(row)
        if not cells:
            continue
        repeats = _repeats_header(like_header.get(row, 0), cells, key_columns, layout)
        if repeats or (len(cells) <= 2 and all(text.strip() in banner for text in cells.values())):
            found[row] = HEADER
        elif code := _reason(cells, key_columns, required, row in sums, row in merged):
            found[row] = code
    for row in [row for row, code in found.items() if code == HEADER]:
        # A title over a repeated header: "二、外购件"
        if row - 1 not in found and len(body.row(row - 1)) == 1:
            found[row - 1] = SECTION
    return found | _silent_totals(body, key_columns, found)


@dataclass(frozen=True)
class _Counts:
    """By row number: how many cells are filled, and how many of these are key columns."""

    cells: np.ndarray
    keys: np.ndarray

    @classmethod
    def of(cls, body: Body, key: set[int]) -> _Counts:
        rows = body.row_of_cell[body.filled]
        every = np.bincount(rows, minlength=int(body.row_of_cell.max()) + 1)
        keys = np.bincount(rows[np.isin(body.column_of_cell[body.filled], list(key))], minlength=len(every))
        return cls(every, keys)


def _telling(body: Body, counts: _Counts, key: set[int], special: set[int]) -> set[int]:
    """The rows with a word that may make them no data, in a place where it can: beside a key a total is none, and
    signatures and remarks are short. `special`: rows of which columns of figures are asked, too."""
    rows, columns = body.row_of_cell, body.column_of_cell
    asked = body.filled & (~np.isin(columns, list(body.figures)) | np.isin(rows, list(special)))
    other_keys = counts.keys[rows] - np.isin(columns, list(key))
    found: set[int] = set()
    for telling, where in ((_TELLING_TOTAL, other_keys == 0), (_TELLING_SHORT, counts.cells[rows] <= _SHORT)):
        place = np.flatnonzero(asked & where)
        hit = pc.match_substring_regex(body.texts().take(pa.array(place)), telling).to_numpy(zero_copy_only=False)
        found |= set(rows[place[hit]].tolist())
    return found


def _repeats_header(alike: int, cells: dict[int, str], key: set[int], layout: Layout) -> bool:
    """Does a row in which `alike` cells read as the header above them repeat the header?

    Only if it holds nothing else, or most of the header and no key of its own: a record may be named "名称".
    """
    if alike < 2:
        return False
    if alike == len(cells):
        return True
    written = {header.column: {level.strip() for level in header.levels} for header in layout.headers}
    own_key = any(cells[column].strip() not in written.get(column, ()) for column in key if column in cells)
    return not own_key and alike * 2 > len(layout.headers) and alike * 2 > len(cells)


def _reason(cells: dict[int, str], key: set[int], required: set[int], sums: bool, merged: bool) -> str | None:
    no_key = not any(column in cells for column in key)
    for place, (column, text) in enumerate(cells.items()):
        core = "".join(unicodedata.normalize("NFKC", text).lower().split())
        others = [other for other in key if other in cells and other != column]
        first = place == 0 or column in key
        if _TOTAL.match(core) and not others and (first or no_key):
            return TOTAL
        lacking = any(other not in cells for other in required if other != column)
        if _TOTAL_END.fullmatch(core) and not others and first and (lacking or sums):
            return TOTAL
        if place == 0 and len(cells) <= _SHORT and _SIGNATURE.match(core):
            return SIGNATURE
        if place == 0 and len(cells) <= 2 and _NOTE.match(core) and (lacking or no_key):
            return NOTE
    if sums and no_key:
        return TOTAL
    return SECTION if merged and len(cells) == 1 else None


def _like_header(body: Body, layout: Layout) -> dict[int, int]:
    """Row -> how many cells repeat the header of their own column."""
    counts: dict[int, int] = {}
    texts = pc.utf8_trim_whitespace(body.texts())
    for header in layout.headers:
        mine = np.flatnonzero(body.column_of_cell == header.column)
        written = pa.array([level.strip() for level in header.levels], pa.string())
        same = pc.is_in(texts.take(pa.array(mine)), written).to_numpy(zero_copy_only=False)
        for row in body.row_of_cell[mine[same]].tolist():
            counts[row] = counts.get(row, 0) + 1
    return {row: count for row, count in counts.items() if count >= 2}


def _wide_merges(sheet: Sheet, layout: Layout) -> set[int]:
    left, right = layout.span
    width = right - left + 1
    return {
        top
        for top, first, bottom, last in sheet.merges
        if top == bottom > layout.header_rows[1] and (min(last, right) - max(first, left) + 1) * 2 > width > 2
    }


def _banner(sheet: Sheet, layout: Layout) -> set[str]:
    """What stands above the header: printed on every page, it comes again inside the data."""
    cells = sheet.cells
    if layout.header_rows[0] <= 1 or not cells.num_rows:
        return set()
    above = cells.filter(pc.less(cells["row"], layout.header_rows[0]))["text"].slice(0, 200).to_pylist()
    return {text.strip() for text in above if text.strip()}


def _repeats(body: Body, banner: set[str]) -> set[int]:
    if not banner:
        return set()
    same = pc.is_in(pc.utf8_trim_whitespace(body.texts()), pa.array(sorted(banner))).to_numpy(zero_copy_only=False)
    return set(body.row_of_cell[same].tolist())


def hidden_rows(sheet: Sheet, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(rows hidden by hand, rows hidden by a filter) among `rows`."""
    if not sheet.hidden_spans:
        return rows[:0], rows[:0]
    spans = np.array(sheet.hidden_spans)
    spans = spans[np.argsort(spans[:, 0])]
    place = np.searchsorted(spans[:, 0], rows, "right") - 1
    hidden = rows[(place >= 0) & (rows <= spans[place, 1])]
    filtered = np.zeros(len(hidden), bool)
    for top, _, bottom, _ in sheet.filters:
        filtered |= (hidden > top) & (hidden <= bottom)
    return hidden[~filtered], hidden[filtered]


def _hidden(body: Body, sheet: Sheet, template: Template) -> dict[int, str]:
    by_hand, filtered = hidden_rows(sheet, body.rows)
    left_out = [
        *(by_hand.tolist() if template.hidden.rows == "skip" else ()),
        *(filtered.tolist() if template.hidden.filtered == "skip" else ()),
    ]
    return dict.fromkeys(left_out, HIDDEN)


def _silent_totals(body: Body, key: set[int], found: Mapping[int, str]) -> dict[int, str]:
    """The last row, if it has no key and every figure in it is exactly the sum of the figures above."""
    data = [row for row in body.rows[-50:].tolist() if row not in found]
    if not data or len(body.rows) > _MOST_CANDIDATES or not key:
        return {}
    last = data[-1]
    cells = body.row(last)
    if any(column in key for column in cells):
        return {}
    figures = {column: number for column, text in cells.items() if (number := _number(text)) is not None}
    if not figures or len(figures) < len(cells):
        return {}
    for column, figure in figures.items():
        above = [number for row, number in _figures(body, column) if row < last and row not in found]
        if len(above) < 2 or sum(above) != figure:
            return {}
    return {last: TOTAL}


def _figures(body: Body, column: int) -> Iterator[tuple[int, Decimal]]:
    mine = np.flatnonzero(body.column_of_cell == column)
    for place, text in zip(mine.tolist(), body.texts().take(pa.array(mine)).to_pylist(), strict=True):
        if (number := _number(text)) is not None:
            yield int(body.row_of_cell[place]), number


def _number(text: str) -> Decimal | None:
    if not re.match(_NUMBER, text):
        return None
    try:
        return Decimal(text.strip().lstrip("¥￥$").replace(",", ""))
    except InvalidOperation:
        return None
