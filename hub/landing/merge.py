"""The write transaction of one page: rows, findings, changes, counts and cursor, all or nothing.

Belongs here: SQL that merges a checked page into the store. Not here: reading, cleaning, checking.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import psycopg
import pyarrow as pa
from psycopg import sql
from psycopg.types.json import Jsonb

from connectors.base import SourceFile
from hub.landing.bulk import copy_typed, create_temporary, fill_temporary
from hub.landing.dataset import Dataset
from hub.landing.findings import merge_changes, merge_findings
from hub.landing.known import core_table
from hub.landing.prepare import CheckedPage
from hub.store.core_tables import has_types_of, page_columns
from hub.store.engine import one
from hub.suggestions.pages import merge_suggestions, note_outdated
from schemas.problems import Problem


def register_file(
    connection: psycopg.Connection[Any],
    load_id: int,
    dataset: Dataset,
    path: str,
    sha256: str,
    rows: int,
    file: SourceFile | None,
) -> int:
    """Insert into ops.landed_file; returns its id."""
    (file_id,) = one(
        connection.execute(
            "insert into ops.landed_file (load_id, dataset, path, sha256, rows, source_path, source_sha256, sheet,"
            " columns, header_row) values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s) returning id",
            (
                load_id, dataset.name, path, sha256, rows,
                file and file.path, file and file.sha256, file and file.sheet,
                Jsonb(file.columns) if file else None, file and file.header_row,
            ),
        )
    )  # fmt: skip
    return int(file_id)


def merge_page(
    connection: psycopg.Connection[Any],
    dataset: Dataset,
    load_id: int,
    file_id: int,
    page: CheckedPage,
    in_sheet: bool,
    rules_changed: bool,
) -> Counter[str]:
    """Write one checked page; the caller owns the transaction.

    rules_changed: known rows come as new versions although only the rules may be new; those whose content
    is the same after all get their new hash and nothing else. A held row may say itself in which landed file it
    stands ("file_id"). Returns what the counts of the page must be corrected by, and "returned": rows that were
    held and are loaded now.
    """
    sheet_file = file_id if in_sheet else None
    same: Counter[str] = Counter()
    added, changed = page.added, page.changed
    if added.num_rows and not has_types_of(connection, dataset.contract):
        added, changed = added.slice(0, 0), pa.concat_tables([added, changed])
    _add_core(connection, dataset, load_id, sheet_file, added)
    same["loaded"] = _change_core(connection, dataset, load_id, sheet_file, changed, rules_changed)
    held = page.held
    if rules_changed:
        held, unchanged = _really_changed(connection, dataset, held)
        same["held"] = _refresh_held(connection, dataset, file_id, unchanged)
    _merge_held(connection, dataset, load_id, file_id, held)
    _merge_rejected(connection, dataset, load_id, file_id, page.rejected)
    returned = 0
    if page.outcome.num_rows or page.findings.num_rows or page.changes.num_rows or page.suggestions.num_rows:
        fill_temporary(
            connection,
            "page_outcome",
            "source_key text, outcome text, row_no integer, is_new_version boolean, same_in_source boolean",
            page.outcome,
            key="source_key",
        )
        if page.outcome.num_rows:
            returned = _leave_other_outcomes(connection, dataset)
            if in_sheet:
                _follow_moved_rows(connection, dataset, file_id)
        merge_changes(connection, dataset, load_id, sheet_file, page.changes)
        merge_findings(connection, dataset, load_id, sheet_file, page.findings)
        merge_suggestions(connection, dataset.name, page.suggestions)
        if dataset.decisions.corrections:
            note_outdated(connection, dataset.name, page.outdated)
    return Counter(unchanged=same.total(), loaded=-same["loaded"], held=-same["held"], returned=returned)


def _add_core(
    connection: psycopg.Connection[Any], dataset: Dataset, load_id: int, file_id: int | None, rows: pa.Table
) -> None:
    """Rows whose keys the store does not have go straight into core.<entity>."""
    if rows.num_rows == 0:
        return
    constants = {"_dataset": dataset.name, "_plant": dataset.plant, "_load_id": load_id, "_file_id": file_id}
    for name, value in constants.items():
        kind = pa.string() if isinstance(value, str) else pa.int64()
        rows = rows.append_column(name, pa.repeat(pa.scalar(value, kind), rows.num_rows))
    try:
        copy_typed(connection, core_table(dataset), rows)
    except psycopg.errors.UniqueViolation as error:
        raise key_repeated(dataset, error.diag.message_detail or "?") from error


def _change_core(
    connection: psycopg.Connection[Any],
    dataset: Dataset,
    load_id: int,
    file_id: int | None,
    rows: pa.Table,
    rules_changed: bool,
) -> int:
    """Rows whose keys the store has, as whatever it has them. Returns how many had the same content."""
    if rows.num_rows == 0:
        return 0
    written = ["_row_hash", "_row_no", *(column.name for column in dataset.contract.columns)]
    create_temporary(connection, "page_core", page_columns(dataset.contract))
    copy_typed(connection, sql.Identifier("pg_temp", "page_core"), rows)
    parts = {
        "core": core_table(dataset),
        "columns": _names(written),
        "dataset": sql.Literal(dataset.name),
        "plant": sql.Literal(dataset.plant),
        "load": sql.Literal(load_id),
        "file": sql.Literal(file_id),
        "updates": sql.SQL(", ").join(
            sql.SQL("{0} = excluded.{0}").format(sql.Identifier(name))
            for name in (*written, "_load_id", "_file_id", "_loaded_at", "_plant")
        ),
    }
    same = 0
    if rules_changed:
        connection.execute("analyze page_core")
        content = [column.name for column in dataset.contract.columns]
        facts = {"stored": _names(content, "c"), "new": _names(content, "p"), **parts}
        # Most rows stay as they are to the last bit: writing them again would cost more than all the rest.
        same = connection.execute(
            sql.SQL(
                "delete from page_core p using {core} c where c._dataset = {dataset}"
                " and c._source_key = p._source_key and (c._row_hash, c._row_no, c._file_id, {stored})"
                " is not distinct from (p._row_hash, p._row_no, {file}::bigint, {new})"
            ).format(**facts)
        ).rowcount
        same += connection.execute(
            sql.SQL(
                "with same as (update {core} c set _row_hash = p._row_hash, _row_no = p._row_no,"
                " _file_id = {file}::bigint from page_core p where c._dataset = {dataset}"
                " and c._source_key = p._source_key and ({stored}) is not distinct from ({new})"
                " returning p._source_key) delete from page_core p using same where p._source_key = same._source_key"
            ).format(**facts)
        ).rowcount
    connection.execute(
        sql.SQL(
            "insert into {core} (_source_key, {columns}, _dataset, _plant, _load_id, _file_id)"
            " select _source_key, {columns}, {dataset}, {plant}, {load}, {file}::bigint from page_core"
            " on conflict (_dataset, _source_key) do update set {updates}"
        ).format(**parts)
    )
    return same


def _names(columns: list[str], of: str | None = None) -> sql.Composed:
    return sql.SQL(", ").join(sql.Identifier(of, name) if of else sql.Identifier(name) for name in columns)


def key_repeated(dataset: Dataset, detail: str) -> Problem:
    """The problem of a key that stands twice in one read; `detail`: the key, or PostgreSQL's words about it."""
    found = re.search(r"=\(.*?, (.*)\) already exists", detail)
    return Problem("key_repeated", dataset=dataset.name, key=found[1] if found else detail)


def _really_changed(
    connection: psycopg.Connection[Any], dataset: Dataset, rows: list[dict[str, Any]]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """(rows whose held content is new or other than stored, rows whose content is the same)."""
    stored = {
        key: (record, raw)
        for key, record, raw in connection.execute(
            "select source_key, record, raw from quality.held_row where dataset = %s and source_key = any(%s)",
            (dataset.name, [row["source_key"] for row in rows]),
        )
    }
    same = [row for row in rows if stored.get(row["source_key"]) == (row["record"], row["raw"])]
    return [row for row in rows if stored.get(row["source_key"]) != (row["record"], row["raw"])], same


def _refresh_held(
    connection: psycopg.Connection[Any], dataset: Dataset, file_id: int, rows: list[dict[str, Any]]
) -> int:
    with connection.cursor() as cursor:
        cursor.executemany(
            "update quality.held_row set row_hash = %(row_hash)s, file_id = %(file)s, row_no = %(row_no)s"
            " where dataset = %(dataset)s and source_key = %(source_key)s",
            [
                {
                    "row_hash": row["row_hash"], "file": row.get("file_id", file_id), "row_no": row["row_no"],
                    "dataset": dataset.name, "source_key": row["source_key"],
                }
                for row in rows
            ],
        )  # fmt: skip
    return len(rows)


def _merge_held(
    connection: psycopg.Connection[Any], dataset: Dataset, load_id: int, file_id: int, rows: list[dict[str, Any]]
) -> None:
    with connection.cursor() as cursor:
        cursor.executemany(
            "insert into quality.held_row (dataset, source_key, entity, plant, record, raw, row_hash, file_id, row_no,"
            " load_id) values (%(dataset)s, %(source_key)s, %(entity)s, %(plant)s, %(record)s, %(raw)s, %(row_hash)s,"
            " %(file)s, %(row_no)s, %(load)s)"
            " on conflict (dataset, source_key) do update set record = excluded.record, raw = excluded.raw,"
            " row_hash = excluded.row_hash, file_id = excluded.file_id, row_no = excluded.row_no,"
            " load_id = excluded.load_id",
            [
                {
                    **row, "dataset": dataset.name, "entity": dataset.contract.entity, "plant": dataset.plant,
                    "record": Jsonb(row["record"]), "raw": Jsonb(row["raw"]), "file": row.get("file_id", file_id),
                    "load": load_id,
                }
                for row in rows
            ],
        )  # fmt: skip


def _merge_rejected(
    connection: psycopg.Connection[Any], dataset: Dataset, load_id: int, file_id: int, rows: list[dict[str, Any]]
) -> None:
    with connection.cursor() as cursor:
        cursor.executemany(
            "insert into quality.rejected_row (dataset, source_key, raw, reason, row_hash, file_id, row_no, load_id)"
            " values (%(dataset)s, %(source_key)s, %(raw)s, %(reason)s, %(row_hash)s, %(file)s, %(row_no)s, %(load)s)"
            " on conflict (dataset, source_key) do update set raw = excluded.raw, reason = excluded.reason,"
            " row_hash = excluded.row_hash, file_id = excluded.file_id, row_no = excluded.row_no,"
            " load_id = excluded.load_id",
            [{**row, "dataset": dataset.name, "file": file_id, "load": load_id} for row in rows],
        )


def _leave_other_outcomes(connection: psycopg.Connection[Any], dataset: Dataset) -> int:
    """A row that was held and is now loaded (or the other way round) leaves its old place.

    Returns how many were held and are loaded now.
    """
    returned = 0
    for outcome, table, key, name in (
        ("loaded", core_table(dataset), "_source_key", "_dataset"),
        ("held", sql.Identifier("quality", "held_row"), "source_key", "dataset"),
        ("rejected", sql.Identifier("quality", "rejected_row"), "source_key", "dataset"),
    ):
        (now_loaded,) = one(
            connection.execute(
                sql.SQL(
                    "with gone as (delete from {table} t using page_outcome o where t.{name} = {dataset}"
                    " and t.{key} = o.source_key and o.outcome <> {outcome} returning o.outcome)"
                    " select count(*) filter (where outcome = 'loaded') from gone"
                ).format(
                    table=table,
                    name=sql.Identifier(name),
                    key=sql.Identifier(key),
                    dataset=sql.Literal(dataset.name),
                    outcome=sql.Literal(outcome),
                )
            )
        )
        returned += now_loaded if outcome == "held" else 0
    return returned


def _follow_moved_rows(connection: psycopg.Connection[Any], dataset: Dataset, file_id: int) -> None:
    """Rows with the same content in a new version of the workbook: only their address is new."""
    connection.execute(
        sql.SQL(
            "update {core} t set _file_id = {file}, _row_no = o.row_no from page_outcome o"
            " where t._dataset = {dataset} and t._source_key = o.source_key and not o.is_new_version"
            " and (t._file_id, t._row_no) is distinct from ({file}, o.row_no)"
        ).format(core=core_table(dataset), file=sql.Literal(file_id), dataset=sql.Literal(dataset.name))
    )
    for table in ("held_row", "rejected_row"):
        connection.execute(
            sql.SQL(
                "update {table} t set file_id = %(file)s, row_no = o.row_no from page_outcome o"
                " where t.dataset = %(dataset)s and t.source_key = o.source_key and not o.is_new_version"
                " and (t.file_id, t.row_no) is distinct from (%(file)s, o.row_no)"
            ).format(table=sql.Identifier("quality", table)),
            {"file": file_id, "dataset": dataset.name},
        )
