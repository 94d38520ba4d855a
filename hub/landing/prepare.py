"""Between reading and writing: which rows are new, what they become, and what is wrong with them.

Belongs here: comparing a page with the store, running cleansing and row rules on what changed,
sorting rows into loaded / held / rejected. Not here: the write transaction (merge.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import psycopg
import pyarrow as pa
import pyarrow.compute as pc
from psycopg import sql

from connectors.base import KEY, ROW_NO, Page
from hub.cleansing.standardise import standardise
from hub.landing.bulk import copy_in, fill_temporary
from hub.landing.dataset import Dataset
from hub.landing.merge import CheckedPage, key_repeated, known_rows
from hub.landing.stage import HASH, text_hashes
from hub.quality.row_rules import check_rows


@dataclass(frozen=True)
class Compared:
    """What the store says of a page's rows.

    todo: keys that are new or have other content; None = all. stored: {key: outcome} of rows with the
    same content, known only where all rows are looked at.
    """

    todo: pa.Array | None
    stored: dict[str, str]

    @property
    def nothing_new(self) -> bool:
        """True if the store has every row of the page as it is."""
        return self.todo is not None and len(self.todo) == 0

    def new_rows(self, rows: pa.Table) -> pa.Table:
        """The rows to process; every other row stands in the store, and in Parquet, as it is."""
        return rows if self.todo is None else rows.filter(pc.is_in(rows[KEY], value_set=self.todo))


EVERYTHING_NEW = Compared(None, {})


def note_keys(connection: psycopg.Connection[Any], dataset: Dataset, rows: pa.Table, rejected: pa.Table) -> None:
    """Add the page's keys to the temporary table seen_key, to find deletions at the end of the load.

    Raises Problem `key_repeated` if a key stands twice on the page.
    """
    keys = _keys(rows, rejected)
    if pc.count_distinct(keys).as_py() != len(keys):
        counted = pc.value_counts(keys)
        repeated = counted.filter(pc.greater(counted.field("counts"), 1))
        raise key_repeated(dataset, repeated[0]["values"].as_py())
    copy_in(connection, sql.Identifier("pg_temp", "seen_key"), pa.table({"source_key": keys}))


def compare(
    connection: psycopg.Connection[Any], dataset: Dataset, rows: pa.Table, rejected: pa.Table, look_at_all: bool
) -> Compared:
    """Which rows of the page the store does not have as they are."""
    incoming = pa.table({"source_key": _keys(rows, rejected), "row_hash": _hashes(rows, rejected)})
    fill_temporary(connection, "incoming", "source_key text, row_hash uuid", incoming)
    # "offset 0" keeps the look-up by index: otherwise every page would read the whole dataset again.
    known = sql.SQL("lateral (select * from ({}) known offset 0) k").format(
        known_rows(dataset, of=sql.Identifier("i", "source_key"))
    )
    if look_at_all:
        same = connection.execute(
            sql.SQL("select i.source_key, k.outcome from incoming i join {} on k.row_hash = i.row_hash").format(known)
        ).fetchall()
        return Compared(None, dict(same))
    other = connection.execute(
        sql.SQL(
            "select i.source_key from incoming i left join {} on true where k.row_hash is distinct from i.row_hash"
        ).format(known)
    ).fetchall()
    return Compared(pa.array([row[0] for row in other], pa.string()), {})


def check_page(dataset: Dataset, rows: pa.Table, page: Page, compared: Compared, rules_changed: bool) -> CheckedPage:
    """Clean and check what is new on this page; pure but for the functions of cleansing and quality.

    rules_changed: a row the store has counts as a new version, because it was judged by other rules.
    """
    todo, rejected = compared.new_rows(rows), compared.new_rows(page.rejected)
    source = todo.drop_columns([HASH])
    standardised = standardise(source, dataset.mapping, dataset.contract, dataset.codes)
    findings = check_rows(standardised, source, dataset.mapping, dataset.contract, dataset.codes)
    held_keys = pc.unique(findings.filter(pc.equal(findings["hold"], True))[KEY])
    is_held = pc.is_in(standardised.values[KEY], value_set=held_keys.cast(pa.string()))

    outcome = _outcomes(todo, is_held, rejected, compared.stored, rules_changed)
    is_new = outcome["is_new_version"].slice(0, todo.num_rows)
    new_held = pc.and_(is_held, is_new)
    new_rejected = rejected.filter(outcome["is_new_version"].slice(todo.num_rows))
    values = standardised.values.append_column(HASH, todo[HASH])
    return CheckedPage(
        outcome=outcome,
        loaded=_core_rows(values.filter(pc.and_not(is_new, is_held))),
        held=_held_rows(values.filter(new_held), source.filter(new_held)),
        rejected=[
            {
                "source_key": row[KEY],
                "row_no": row[ROW_NO],
                "raw": row["raw"],
                "reason": row["reason"],
                "row_hash": digest,
            }
            for row, digest in zip(new_rejected.to_pylist(), _rejected_hashes(new_rejected), strict=True)
        ],
        findings=_with_cells(
            findings.rename_columns([_FINDING_NAMES.get(name, name) for name in findings.column_names]), page
        ).select(_FINDING_COLUMNS),
        changes=_with_cells(
            standardised.changes.rename_columns(
                [_CHANGE_NAMES.get(name, name) for name in standardised.changes.column_names]
            ),
            page,
        ).select(_CHANGE_COLUMNS),
    )


_FINDING_NAMES = {KEY: "source_key", ROW_NO: "row_no", "column": "column_name"}
_FINDING_COLUMNS = [
    "source_key", "row_no", "rule", "column_name", "source_column", "value", "severity", "dimension", "hold", "detail",
    "cell",
]  # fmt: skip
_CHANGE_NAMES = {KEY: "source_key", ROW_NO: "row_no", "column": "column_name", "raw": "raw_value"}
_CHANGE_COLUMNS = ["source_key", "column_name", "source_column", "raw_value", "value", "rule", "cell"]


def _keys(rows: pa.Table, rejected: pa.Table) -> pa.Array:
    return _joined(rows[KEY], rejected[KEY])


def _hashes(rows: pa.Table, rejected: pa.Table) -> pa.Array:
    return _joined(rows[HASH], pa.chunked_array([_rejected_hashes(rejected)], pa.string()))


def _joined(first: pa.ChunkedArray, second: pa.ChunkedArray) -> pa.Array:
    chunks = [*first.cast(pa.string()).chunks, *second.cast(pa.string()).chunks]
    return pa.concat_arrays(chunks) if chunks else pa.array([], pa.string())


def _rejected_hashes(rejected: pa.Table) -> list[str]:
    return text_hashes([f"{row['reason']}\x1f{row['raw']}" for row in rejected.to_pylist()])


def _outcomes(
    rows: pa.Table, is_held: pa.ChunkedArray, rejected: pa.Table, stored: dict[str, str], rules_changed: bool
) -> pa.Table:
    keys = _keys(rows, rejected)
    outcome = _joined(
        pa.chunked_array([pc.if_else(chunk, "held", "loaded") for chunk in is_held.chunks], pa.string()),
        pa.chunked_array([pa.repeat(pa.scalar("rejected"), rejected.num_rows)], pa.string()),
    )
    is_new = pa.repeat(pa.scalar(True), len(keys))
    if stored and not rules_changed:
        before = pa.array([stored.get(key) for key in keys.to_pylist()], pa.string())
        is_new = pc.fill_null(pc.not_equal(before, outcome), True)
    row_no = pa.concat_arrays(
        [*rows[ROW_NO].cast(pa.int64()).chunks, *rejected[ROW_NO].chunks, pa.array([], pa.int64())]
    )
    return pa.table({"source_key": keys, "outcome": outcome, "row_no": row_no, "is_new_version": is_new})


def _core_rows(values: pa.Table) -> pa.Table:
    names = {KEY: "_source_key", ROW_NO: "_row_no", HASH: "_row_hash"}
    return values.rename_columns([names.get(name, name) for name in values.column_names])


def _held_rows(values: pa.Table, source: pa.Table) -> list[dict[str, Any]]:
    records = values.drop_columns([KEY, ROW_NO, HASH]).to_pylist()
    raws = source.drop_columns([KEY, ROW_NO]).to_pylist()
    places = values.select([KEY, ROW_NO, HASH]).to_pylist()
    return [
        {
            "source_key": place[KEY],
            "row_no": place[ROW_NO],
            "row_hash": place[HASH],
            "record": _as_text(record),
            "raw": _as_text(raw),
        }
        for place, record, raw in zip(places, records, raws, strict=True)
    ]


def _rejected_rows(rejected: pa.Table) -> list[dict[str, Any]]:
    return [
        {"source_key": row[KEY], "row_no": row[ROW_NO], "raw": row["raw"], "reason": row["reason"], "row_hash": digest}
        for row, digest in zip(rejected.to_pylist(), _rejected_hashes(rejected), strict=True)
    ]


def _as_text(row: dict[str, Any]) -> dict[str, str]:
    return {name: str(value) for name, value in row.items() if value is not None}


def _with_cells(table: pa.Table, page: Page) -> pa.Table:
    """Add `cell` ("D12") where the page came from a sheet and the value from one of its columns."""
    if page.file is None:
        return table.append_column("cell", pa.nulls(table.num_rows, pa.string()))
    letters = page.file.columns
    cells = [
        f"{letters[column]}{row}" if column in letters and row is not None else None
        for column, row in zip(table["source_column"].to_pylist(), table["row_no"].to_pylist(), strict=True)
    ]
    return table.append_column("cell", pa.array(cells, pa.string()))
