"""Between reading and writing: which rows are new, what they become, and what is wrong with them.

Belongs here: comparing a page with the store, running cleansing and row rules on what changed,
sorting rows into loaded / held / rejected. Not here: the write transaction (merge.py).
"""

from __future__ import annotations

from typing import Any

import psycopg
import pyarrow as pa
import pyarrow.compute as pc
from psycopg import sql

from connectors.base import KEY, ROW_NO, Page
from hub.cleansing.standardise import standardise
from hub.landing.bulk import fill_temporary
from hub.landing.dataset import Dataset
from hub.landing.merge import CheckedPage
from hub.landing.stage import HASH, text_hashes
from hub.quality.row_rules import check_rows
from schemas.problems import Problem


def compare(
    connection: psycopg.Connection[Any],
    dataset: Dataset,
    rows: pa.Table,
    rejected: pa.Table,
    known: sql.Composed,
) -> dict[str, str | None]:
    """{source key: stored outcome} of the rows whose content the store already has.

    Also notes every key in the temporary table seen_key, to find deletions at the end of the load.
    Raises Problem `key_repeated` if a key comes twice within one load.
    """
    keys = pa.concat_arrays([*rows[KEY].chunks, *rejected[KEY].chunks]) if rows.num_rows + rejected.num_rows else []
    hashes = pa.array([*rows[HASH].to_pylist(), *_rejected_hashes(rejected)], pa.string())
    incoming = pa.table({"source_key": pa.array(keys, pa.string()), "row_hash": hashes})
    fill_temporary(connection, "incoming", "source_key text, row_hash uuid", incoming)
    try:
        connection.execute("insert into seen_key select source_key from incoming")
    except psycopg.errors.UniqueViolation as error:
        repeated = (error.diag.message_detail or "?").partition("=")[2].partition(" already")[0]
        raise Problem("key_repeated", dataset=dataset.name, key=repeated) from error
    same = connection.execute(
        sql.SQL("select i.source_key, k.outcome from incoming i join ({}) k using (source_key, row_hash)").format(known)
    ).fetchall()
    return dict(same)


def check_page(
    dataset: Dataset,
    rows: pa.Table,
    page: Page,
    stored: dict[str, str | None],
    look_at_all: bool,
    rules_changed: bool,
) -> CheckedPage:
    """Clean and check what is new on this page; pure but for the functions of cleansing and quality.

    look_at_all: also process rows the store has (they may have moved). rules_changed: a row the
    store has counts as a new version, because it was judged by other rules.
    """
    if look_at_all or not stored:
        todo, rejected = rows, page.rejected
    else:
        have = pa.array(list(stored), pa.string())
        todo = rows.filter(pc.invert(pc.is_in(rows[KEY], value_set=have)))
        rejected = page.rejected.filter(pc.invert(pc.is_in(page.rejected[KEY], value_set=have)))
    source = todo.drop_columns([HASH])
    standardised = standardise(source, dataset.mapping, dataset.contract, dataset.codes)
    findings = check_rows(standardised, source, dataset.mapping, dataset.contract, dataset.codes)
    held_keys = pc.unique(findings.filter(pc.equal(findings["hold"], True))[KEY])
    is_held = pc.is_in(standardised.values[KEY], value_set=held_keys.cast(pa.string()))

    outcome = _outcomes(todo, is_held, rejected, stored, rules_changed)
    return CheckedPage(
        outcome=outcome,
        loaded=_core_rows(standardised.values.filter(pc.invert(is_held))),
        held=_held_rows(standardised.values.filter(is_held), source.filter(is_held)),
        rejected=[{"source_key": row[KEY], "raw": row["raw"], "reason": row["reason"]} for row in rejected.to_pylist()],
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


def _rejected_hashes(rejected: pa.Table) -> list[str]:
    return text_hashes([f"{row['reason']}\x1f{row['raw']}" for row in rejected.to_pylist()])


def _outcomes(
    rows: pa.Table, is_held: pa.ChunkedArray, rejected: pa.Table, stored: dict[str, str | None], rules_changed: bool
) -> pa.Table:
    keys = [*rows[KEY].to_pylist(), *rejected[KEY].to_pylist()]
    outcomes = ["held" if held else "loaded" for held in is_held.to_pylist()] + ["rejected"] * rejected.num_rows
    return pa.table(
        {
            "source_key": pa.array(keys, pa.string()),
            "row_hash": pa.array([*rows[HASH].to_pylist(), *_rejected_hashes(rejected)], pa.string()),
            "outcome": pa.array(outcomes, pa.string()),
            "row_no": pa.array([*rows[ROW_NO].to_pylist(), *rejected[ROW_NO].to_pylist()], pa.int64()),
            "is_new_version": pa.array(
                [rules_changed or stored.get(key) != outcome for key, outcome in zip(keys, outcomes, strict=True)],
                pa.bool_(),
            ),
        }
    )


def _core_rows(values: pa.Table) -> pa.Table:
    names = {KEY: "_source_key", ROW_NO: "_row_no"}
    return values.rename_columns([names.get(name, name) for name in values.column_names])


def _held_rows(values: pa.Table, source: pa.Table) -> list[dict[str, Any]]:
    records = values.drop_columns([KEY, ROW_NO]).to_pylist()
    raws = source.drop_columns([KEY, ROW_NO]).to_pylist()
    return [
        {"source_key": key, "record": _as_text(record), "raw": _as_text(raw)}
        for key, record, raw in zip(values[KEY].to_pylist(), records, raws, strict=True)
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
