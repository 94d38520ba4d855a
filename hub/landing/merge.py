"""The write transaction of one page: rows, findings, changes, counts and cursor, all or nothing.

Belongs here: SQL that merges a checked page into the store. Not here: reading, cleaning, checking.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

import psycopg
import pyarrow as pa
from psycopg import sql
from psycopg.types.json import Jsonb

from connectors.base import SourceFile
from hub.landing.bulk import copy_in, fill_temporary
from hub.landing.dataset import Dataset
from hub.store.engine import one
from schemas.problems import Problem

OUTCOMES = ("loaded", "held", "rejected")


@dataclass(frozen=True)
class CheckedPage:
    """What one page became.

    outcome: [source_key, outcome, row_no, is_new_version] for every processed row; is_new_version is
    False for a row that is stored already and only moved in its sheet.
    loaded: new versions to write: _source_key, _row_hash, _row_no and the contract's columns.
    held: dicts {source_key, row_hash, row_no, record, raw}; rejected: {source_key, row_hash, row_no, raw, reason}.
    findings, changes: tables as hub.quality and hub.cleansing give them, plus `cell`.
    """

    outcome: pa.Table
    loaded: pa.Table
    held: list[dict[str, Any]]
    rejected: list[dict[str, Any]]
    findings: pa.Table
    changes: pa.Table


def known_rows(dataset: Dataset, of: sql.Composable | None = None) -> sql.Composed:
    """SELECT source_key, row_hash, outcome of every row the store has of this dataset.

    `of`: an expression; then only the row with that source key, which an index finds.
    """
    parts = {
        "core": _core(dataset),
        "d": sql.Literal(dataset.name),
        "core_key": sql.SQL(" and _source_key = {}").format(of) if of else sql.SQL(""),
        "key": sql.SQL(" and source_key = {}").format(of) if of else sql.SQL(""),
    }
    return sql.SQL(
        "select _source_key as source_key, _row_hash as row_hash, 'loaded' as outcome from {core}"
        " where _dataset = {d}{core_key}"
        " union all select source_key, row_hash, 'held' from quality.held_row where dataset = {d}{key}"
        " union all select source_key, row_hash, 'rejected' from quality.rejected_row where dataset = {d}{key}"
    ).format(**parts)


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
    fresh: bool,
) -> None:
    """Write one checked page; the caller owns the transaction.

    `fresh`: the store had no row of this dataset when the load began, so nothing has to make way.
    """
    sheet_file = file_id if in_sheet else None
    _merge_core(connection, dataset, load_id, sheet_file, page.loaded, fresh)
    _merge_held(connection, dataset, load_id, file_id, page.held)
    _merge_rejected(connection, dataset, load_id, file_id, page.rejected)
    fill_temporary(
        connection,
        "page_outcome",
        "source_key text, outcome text, row_no integer, is_new_version boolean",
        page.outcome.slice(0, 0) if fresh else page.outcome,
    )
    if not fresh:
        _leave_other_outcomes(connection, dataset)
        if in_sheet:
            _follow_moved_rows(connection, dataset, file_id)
    _merge_findings(connection, dataset, load_id, sheet_file, page.findings)
    _merge_changes(connection, dataset, load_id, sheet_file, page.changes)


def _core(dataset: Dataset) -> sql.Identifier:
    return sql.Identifier("core", dataset.contract.entity)


def _merge_core(
    connection: psycopg.Connection[Any],
    dataset: Dataset,
    load_id: int,
    file_id: int | None,
    rows: pa.Table,
    fresh: bool,
) -> None:
    if rows.num_rows == 0:
        return
    constants = {"_dataset": dataset.name, "_plant": dataset.plant, "_load_id": load_id, "_file_id": file_id}
    if fresh:
        for name, value in constants.items():
            kind = pa.string() if isinstance(value, str) else pa.int64()
            rows = rows.append_column(name, pa.repeat(pa.scalar(value, kind), rows.num_rows))
        try:
            copy_in(connection, _core(dataset), rows)
        except psycopg.errors.UniqueViolation as error:
            raise key_repeated(dataset, error.diag.message_detail or "?") from error
        return
    # core.<entity> itself is the definition, so that the types are the store's own.
    connection.execute("drop table if exists pg_temp.page_core")
    connection.execute(sql.SQL("create temporary table page_core (like {}) on commit drop").format(_core(dataset)))
    for name in ("_dataset", "_plant", "_load_id", "_loaded_at"):
        connection.execute(sql.SQL("alter table page_core alter column {} drop not null").format(sql.Identifier(name)))
    copy_in(connection, sql.Identifier("pg_temp", "page_core"), rows)
    written = ["_row_hash", "_row_no", *(column.name for column in dataset.contract.columns)]
    updated = [*written, "_load_id", "_file_id", "_loaded_at", "_plant"]
    connection.execute(
        sql.SQL(
            "insert into {core} (_source_key, {columns}, _dataset, _plant, _load_id, _file_id)"
            " select _source_key, {columns}, {dataset}, {plant}, {load}, {file}::bigint from page_core"
            " on conflict (_dataset, _source_key) do update set {updates}"
        ).format(
            core=_core(dataset),
            columns=sql.SQL(", ").join(map(sql.Identifier, written)),
            dataset=sql.Literal(dataset.name),
            plant=sql.Literal(dataset.plant),
            load=sql.Literal(load_id),
            file=sql.Literal(file_id),
            updates=sql.SQL(", ").join(sql.SQL("{0} = excluded.{0}").format(sql.Identifier(name)) for name in updated),
        )
    )


def key_repeated(dataset: Dataset, detail: str) -> Problem:
    """The problem of a key that stands twice in one read; `detail`: the key, or PostgreSQL's words about it."""
    found = re.search(r"=\(.*?, (.*)\) already exists", detail)
    return Problem("key_repeated", dataset=dataset.name, key=found[1] if found else detail)


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
                    "record": Jsonb(row["record"]), "raw": Jsonb(row["raw"]), "file": file_id, "load": load_id,
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


def _leave_other_outcomes(connection: psycopg.Connection[Any], dataset: Dataset) -> None:
    """A row that was held and is now loaded (or the other way round) leaves its old place."""
    for outcome, table, key, name in (
        ("loaded", _core(dataset), "_source_key", "_dataset"),
        ("held", sql.Identifier("quality", "held_row"), "source_key", "dataset"),
        ("rejected", sql.Identifier("quality", "rejected_row"), "source_key", "dataset"),
    ):
        connection.execute(
            sql.SQL(
                "delete from {table} t using page_outcome o where t.{name} = {dataset} and t.{key} = o.source_key"
                " and o.outcome <> {outcome}"
            ).format(
                table=table,
                name=sql.Identifier(name),
                key=sql.Identifier(key),
                dataset=sql.Literal(dataset.name),
                outcome=sql.Literal(outcome),
            )
        )


def _follow_moved_rows(connection: psycopg.Connection[Any], dataset: Dataset, file_id: int) -> None:
    """Rows with the same content in a new version of the workbook: only their address is new."""
    connection.execute(
        sql.SQL(
            "update {core} t set _file_id = {file}, _row_no = o.row_no from page_outcome o"
            " where t._dataset = {dataset} and t._source_key = o.source_key and not o.is_new_version"
            " and (t._file_id, t._row_no) is distinct from ({file}, o.row_no)"
        ).format(core=_core(dataset), file=sql.Literal(file_id), dataset=sql.Literal(dataset.name))
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


def _merge_findings(
    connection: psycopg.Connection[Any], dataset: Dataset, load_id: int, file_id: int | None, findings: pa.Table
) -> None:
    fill_temporary(
        connection,
        "page_finding",
        "source_key text, row_no integer, rule text, column_name text, source_column text, value text,"
        " severity text, dimension text, hold boolean, detail jsonb, cell text",
        findings,
    )
    row_rules = [rule.id for rule in dataset.contract.rules if rule.scope == "row"]
    facts = {
        "dataset": dataset.name,
        "entity": dataset.contract.entity,
        "department": dataset.mapping.department,
        "load": load_id,
        "file": file_id,
        "rules": row_rules,
    }
    # Resolved: the row was looked at again and the rule no longer fails on it.
    connection.execute(
        "update quality.finding f set resolved_at = now() from page_outcome o where f.resolved_at is null"
        " and f.dataset = %(dataset)s and f.source_key = o.source_key and f.rule = any(%(rules)s)"
        " and not exists (select 1 from page_finding p where p.source_key = f.source_key and p.rule = f.rule"
        " and p.column_name = f.column_name)",
        facts,
    )
    connection.execute(
        "insert into quality.finding (rule, entity, dataset, department, source_key, column_name, source_column,"
        " value, severity, dimension, hold, file_id, row_no, cell, detail, first_load_id, last_load_id)"
        " select rule, %(entity)s, %(dataset)s, %(department)s, source_key, column_name, source_column, value,"
        " severity, dimension, hold, %(file)s, row_no, cell, detail, %(load)s, %(load)s from page_finding"
        " on conflict (dataset, source_key, rule, column_name) where resolved_at is null do update set"
        " value = excluded.value, source_column = excluded.source_column, severity = excluded.severity,"
        " dimension = excluded.dimension, hold = excluded.hold, department = excluded.department,"
        " file_id = excluded.file_id, row_no = excluded.row_no, cell = excluded.cell, detail = excluded.detail,"
        " last_load_id = excluded.last_load_id",
        facts,
    )


def _merge_changes(
    connection: psycopg.Connection[Any], dataset: Dataset, load_id: int, file_id: int | None, changes: pa.Table
) -> None:
    fill_temporary(
        connection,
        "page_change",
        "source_key text, column_name text, source_column text, raw_value text, value text, rule text, cell text",
        changes,
    )
    facts = {"dataset": dataset.name, "load": load_id, "file": file_id}
    connection.execute(
        "delete from quality.value_change v using page_outcome o where v.dataset = %(dataset)s"
        " and v.source_key = o.source_key and not exists (select 1 from page_change p"
        " where p.source_key = v.source_key and p.column_name = v.column_name)",
        facts,
    )
    connection.execute(
        "insert into quality.value_change as v (dataset, source_key, column_name, source_column, raw_value, value,"
        " rule, file_id, cell, load_id) select %(dataset)s, source_key, column_name, source_column, raw_value, value,"
        " rule, %(file)s, cell, %(load)s from page_change on conflict (dataset, source_key, column_name) do update set"
        " source_column = excluded.source_column, raw_value = excluded.raw_value, value = excluded.value,"
        " rule = excluded.rule, file_id = excluded.file_id, cell = excluded.cell,"
        " load_id = case when (v.raw_value, v.value, v.rule) is distinct from"
        " (excluded.raw_value, excluded.value, excluded.rule) then excluded.load_id else v.load_id end",
        facts,
    )


def record_deletions(connection: psycopg.Connection[Any], dataset: Dataset, load_id: int) -> int:
    """Move rows whose key was not seen in a complete read to quality.deleted_row; returns how many.

    Expects the temporary table seen_key(source_key).
    """
    record_of_core = sql.SQL("jsonb_strip_nulls(to_jsonb(t))")
    deleted = 0
    for was, table, key, name, record in (
        ("loaded", _core(dataset), "_source_key", "_dataset", record_of_core),
        ("held", sql.Identifier("quality", "held_row"), "source_key", "dataset", sql.SQL("t.record")),
        ("rejected", sql.Identifier("quality", "rejected_row"), "source_key", "dataset",
         sql.SQL("jsonb_build_object('raw', t.raw)")),
    ):  # fmt: skip
        cursor = connection.execute(
            sql.SQL(
                "with gone as (delete from {table} t where t.{name} = {dataset} and not exists"
                " (select 1 from seen_key s where s.source_key = t.{key}) returning t.{key} as source_key,"
                " {record} as record)"
                " insert into quality.deleted_row (dataset, source_key, entity, was, record, load_id)"
                " select {dataset}, source_key, {entity}, {was}, record, {load} from gone"
            ).format(
                table=table,
                name=sql.Identifier(name),
                key=sql.Identifier(key),
                record=record,
                dataset=sql.Literal(dataset.name),
                entity=sql.Literal(dataset.contract.entity),
                was=sql.Literal(was),
                load=sql.Literal(load_id),
            )
        )
        deleted += cursor.rowcount
    connection.execute(
        "update quality.finding f set resolved_at = now() where f.dataset = %(d)s and f.resolved_at is null"
        " and not exists (select 1 from seen_key s where s.source_key = f.source_key)",
        {"d": dataset.name},
    )
    connection.execute(
        "delete from quality.value_change v where v.dataset = %(d)s"
        " and not exists (select 1 from seen_key s where s.source_key = v.source_key)",
        {"d": dataset.name},
    )
    return deleted


def cursor_json(position: dict[str, Any]) -> Jsonb:
    """A cursor position as stored; dates and decimals in it become text."""
    return Jsonb(position, dumps=lambda value: json.dumps(value, default=str, ensure_ascii=False))
