"""What changed from one version of a workbook to another.

Belongs here: comparing two files row by row by the template's key. Does not belong here: which of two
versions is the newer (versions.py), showing the difference (portal).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa

from connectors.base import KEY, ROW_NO
from connectors.excel.finding import table
from schemas.model import Template

EXAMPLES = 200  # rows shown one by one; the counts are of all
_PAGE_ROWS = 50_000


@dataclass(frozen=True)
class RowChange:
    """One row that differs. old_row, new_row: sheet rows, None where the row is not there.

    cells: {column: [old text, new text]}, for changed rows only.
    """

    key: str
    kind: Literal["added", "changed", "removed"]
    old_row: int | None
    new_row: int | None
    cells: dict[str, list[str | None]] = field(default_factory=dict)


@dataclass(frozen=True)
class Comparison:
    """rows of new = added + changed + same; rows of old = removed + changed + same.

    columns_added, columns_removed: headers of the table as people wrote them, also those the template does
    not know. cells: how often each column differs among the changed rows. rows: the first ones.
    """

    old: str
    new: str
    added: int
    changed: int
    removed: int
    same: int
    columns_added: tuple[str, ...]
    columns_removed: tuple[str, ...]
    cells: dict[str, int]
    rows: tuple[RowChange, ...]

    @property
    def is_equal(self) -> bool:
        return not (self.added or self.changed or self.removed or self.columns_added or self.columns_removed)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class _Side:
    """One version: header texts, and the table's rows by key."""

    headers: tuple[str, ...]
    rows: pa.Table
    places: dict[str, int]  # key -> index in `rows`


def compare(
    old: Path,
    new: Path,
    template: Template,
    old_name: str | None = None,
    new_name: str | None = None,
    passwords: Sequence[str] = (),
) -> Comparison:
    """Compare two files as the template reads them. Raises Problem `workbook_*` for one that cannot be read."""
    names = old_name or old.name, new_name or new.name
    before, after = (_side(path, template, name, passwords) for path, name in zip((old, new), names, strict=True))
    shared = [column for column in before.rows.column_names if column in after.rows.column_names]
    shared = [column for column in shared if column not in (KEY, ROW_NO)]
    then = {column: before.rows[column].to_pylist() for column in shared}
    now = {column: after.rows[column].to_pylist() for column in shared}
    then_rows, now_rows = before.rows[ROW_NO].to_pylist(), after.rows[ROW_NO].to_pylist()
    kinds: Counter[str] = Counter()
    cells: Counter[str] = Counter()
    shown: list[RowChange] = []
    for key, place in after.places.items():
        earlier = before.places.get(key)
        if earlier is None:
            kinds["added"] += 1
            _show(shown, RowChange(key, "added", None, now_rows[place]))
            continue
        differing = [column for column in shared if then[column][earlier] != now[column][place]]
        kinds["changed" if differing else "same"] += 1
        cells.update(differing)
        if differing:
            texts = {column: [then[column][earlier], now[column][place]] for column in differing}
            _show(shown, RowChange(key, "changed", then_rows[earlier], now_rows[place], texts))
    for key, place in before.places.items():
        if key not in after.places:
            kinds["removed"] += 1
            _show(shown, RowChange(key, "removed", then_rows[place], None))
    return Comparison(
        old=names[0],
        new=names[1],
        added=kinds["added"],
        changed=kinds["changed"],
        removed=kinds["removed"],
        same=kinds["same"],
        columns_added=_beyond(after.headers, before.headers),
        columns_removed=_beyond(before.headers, after.headers),
        cells=_most_first(cells),
        rows=tuple(shown),
    )


def _show(shown: list[RowChange], change: RowChange) -> None:
    """Keep the first of each kind, so that a thousand new rows do not hide the one that was removed."""
    if sum(row.kind == change.kind for row in shown) < EXAMPLES // 2 and len(shown) < 3 * EXAMPLES // 2:
        shown.append(change)


def _most_first(cells: Mapping[str, int]) -> dict[str, int]:
    return dict(sorted(cells.items(), key=lambda pair: (-pair[1], pair[0])))


def _beyond(headers: Sequence[str], others: Sequence[str]) -> tuple[str, ...]:
    levelled = {_level(header) for header in others}
    return tuple(header for header in headers if _level(header) not in levelled)


def _level(header: str) -> str:
    from connectors.excel.finding.headers import plain

    return plain(header)


def _side(path: Path, template: Template, name: str, passwords: Sequence[str]) -> _Side:
    place = table.locate(table.open_head(path, name, passwords), template, name)
    pages = [page.rows for page in table.read_file(path, template, name, _PAGE_ROWS, passwords)]
    rows = pa.concat_tables(pages, promote_options="default").combine_chunks()
    places = {key: number for number, key in enumerate(rows[KEY].to_pylist())}
    return _Side(tuple(header.leaf for header in place.layout.headers), rows, places)
