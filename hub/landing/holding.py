"""Rows that rules over several rows hold back, and rows that no rule holds back any more.

Belongs here: moving rows between core.<entity> and quality.held_row by what the open findings say, and its
accounts. Not here: deciding the rules (hub/quality), rows that a rule about the row alone holds back (a load
sorts them, prepare.py).

Rules over several rows look at loaded and held rows alike (hub/quality/relations.py). Moving a row from one place
to the other therefore changes no finding, and settling once after the rules were decided settles everything.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pyarrow as pa
from psycopg import sql
from psycopg.rows import dict_row

from connectors.base import KEY, ROW_NO
from hub.landing.bulk import copy_in, create_temporary
from hub.landing.crash import reach
from hub.landing.dataset import Dataset
from hub.landing.digests import key_digests
from hub.landing.known import OUTCOMES, Compared, core_table
from hub.landing.lease import Lease, fence
from hub.landing.prepare import Waiting, as_text
from hub.landing.record import begin_load, count_rows, cursor_of, end_load
from hub.landing.replay import Wanted, replay
from hub.landing.result import LoadResult
from hub.quality.relations import typed
from hub.store.engine import one
from schemas.problems import Problem

# Rows of dataset {d} with an open finding that holds them back; once for all statements of a settlement.
_HOLDING = "select distinct source_key from quality.finding where resolved_at is null and hold and dataset = %(d)s"


def waiting_rows(
    connection: psycopg.Connection[Any], dataset: Dataset, keys: pa.ChunkedArray, compared: Compared
) -> Waiting:
    """{key: record} of those of the rows that are held by an open finding of a rule over several rows.

    compared: what the store said of rows with these keys, in this order (rejected ones may follow).
    """
    held = compared.outcome[: len(keys)] == OUTCOMES.index("held")
    if not held.any():
        return {}
    row_rules = [rule.id for rule in dataset.contract.rules if rule.scope == "row"]
    with connection.transaction():
        found = connection.execute(
            "select h.source_key, h.record from quality.held_row h where h.dataset = %(d)s"
            " and h.source_key = any(%(keys)s) and exists (select from quality.finding f where f.dataset = h.dataset"
            " and f.source_key = h.source_key and f.resolved_at is null and f.hold and f.rule <> all(%(row_rules)s))",
            {"d": dataset.name, "keys": keys.filter(pa.array(held)).to_pylist(), "row_rules": row_rules},
        )
        return dict(found.fetchall())


def unsettled(connection: psycopg.Connection[Any]) -> list[str]:
    """Datasets that may have a row in the wrong place. One pass over the open findings, however many datasets."""
    found = connection.execute(
        "with holding as materialized (select distinct dataset, source_key from quality.finding"
        " where resolved_at is null and hold)"
        " select dataset from quality.held_row h where not exists (select from holding f"
        " where f.dataset = h.dataset and f.source_key = h.source_key)"
        " union select dataset from holding f where not exists (select from quality.held_row h"
        " where h.dataset = f.dataset and h.source_key = f.source_key) order by dataset"
    )
    return [name for (name,) in found]


def settle(
    connection: psycopg.Connection[Any], dataset: Dataset, held: Lease, run_id: str, landing: Path
) -> LoadResult | None:
    """Put every row of the dataset where its open findings say, in one transaction; None if all are there already.

    dataset: with the decisions in force. Rows only come back if everything stored was judged by its rules: a row
    that waits for being judged again waits. Raises Problem `lease_lost`.
    """
    with connection.transaction():
        fence(connection, held)
        facts = {"d": dataset.name}
        create_temporary(connection, "to_hold", sql.SQL("source_key text primary key"))
        create_temporary(connection, "to_release", sql.SQL("source_key text primary key"))
        connection.execute(
            sql.SQL(
                "insert into to_hold select c._source_key from {} c join (" + _HOLDING + ") f"
                " on f.source_key = c._source_key where c._dataset = %(d)s"
            ).format(core_table(dataset)),
            facts,
        )
        if cursor_of(connection, dataset)[1] == dataset.rules:
            connection.execute(
                "insert into to_release select h.source_key from quality.held_row h"
                f" where h.dataset = %(d)s and h.source_key not in ({_HOLDING})",
                facts,
            )
        (to_hold, to_release) = one(
            connection.execute("select (select count(*) from to_hold), (select count(*) from to_release)")
        )
        if not to_hold and not to_release:
            return None
        load_id = begin_load(connection, dataset, held, run_id, "settle")
        notes = _hold(connection, dataset, load_id, landing) if to_hold else []
        released = _release(connection, dataset, load_id) if to_release else 0
        counts = Counter(rows_read=to_hold + to_release, held=to_hold, loaded=released, returned=released)
        count_rows(connection, load_id, counts)
        end_load(connection, load_id, "ok", notes=notes)
        reach("settle_commit")
    reach("settle_committed")
    return LoadResult.of(dataset.name, load_id, "ok", counts)


def _hold(connection: psycopg.Connection[Any], dataset: Dataset, load_id: int, landing: Path) -> list[Problem]:
    """Move the rows of to_hold out of core; what could not be found of their raw rows comes back as problems."""
    keys = [key for (key,) in connection.execute("select source_key from to_hold").fetchall()]
    create_temporary(connection, "raw_row", sql.SQL("source_key text, raw jsonb, file_id bigint"))
    create_temporary(connection, "record_row", sql.SQL("source_key text, record jsonb"))
    problems: list[Problem] = []
    wanted = Wanted(key_digests(pa.array(keys, pa.string())))
    try:
        for page in replay(connection, dataset.name, wanted, landing):
            raws = (as_text(row) for row in page.rows.drop_columns([KEY, ROW_NO]).to_pylist())
            copy_in(
                connection,
                sql.Identifier("pg_temp", "raw_row"),
                pa.table(
                    {
                        "source_key": page.rows[KEY].cast(pa.string()),
                        "raw": pa.array([_json(raw) for raw in raws], pa.string()),
                        "file_id": pa.array(page.file_ids),
                    }
                ),
            )
    except Problem as problem:
        problems.append(problem)
    for records in _records(connection, dataset):
        copy_in(connection, sql.Identifier("pg_temp", "record_row"), records)
    connection.execute("analyze raw_row, record_row")
    connection.execute(
        sql.SQL(
            "insert into quality.held_row (dataset, source_key, entity, plant, record, raw, row_hash, file_id, row_no,"
            " load_id) select {dataset}, c._source_key, {entity}, c._plant, t.record,"
            " coalesce(w.raw, {raw_of_record}), c._row_hash, coalesce(w.file_id, c._file_id), c._row_no, {load}"
            " from record_row t join {core} c on c._dataset = {dataset} and c._source_key = t.source_key"
            " left join raw_row w on w.source_key = t.source_key"
        ).format(
            core=core_table(dataset),
            dataset=sql.Literal(dataset.name),
            entity=sql.Literal(dataset.contract.entity),
            load=sql.Literal(load_id),
            raw_of_record=_raw_of_record(dataset),
        )
    )
    connection.execute(
        sql.SQL("delete from {} c using to_hold t where c._dataset = {} and c._source_key = t.source_key").format(
            core_table(dataset), sql.Literal(dataset.name)
        )
    )
    if wanted.left and not problems:
        problems.append(Problem("landed_rows_missing", dataset=dataset.name, rows=wanted.left))
    return problems


def _records(connection: psycopg.Connection[Any], dataset: Dataset, batch: int = 5_000) -> Iterator[pa.Table]:
    """[source_key, record] of the rows of to_hold, as a load would have held them."""
    names = [column.name for column in dataset.contract.columns]
    statement = sql.SQL(
        "select c._source_key, {} from {} c join to_hold t on t.source_key = c._source_key where c._dataset = {}"
    ).format(
        sql.SQL(", ").join(sql.Identifier("c", name) for name in names),
        core_table(dataset),
        sql.Literal(dataset.name),
    )
    with connection.cursor("to_hold", row_factory=dict_row) as rows:
        rows.execute(statement)
        while found := rows.fetchmany(batch):
            keys = [row.pop("_source_key") for row in found]
            records = [_json(as_text(row)) for row in found]
            yield pa.table({"source_key": pa.array(keys, pa.string()), "record": pa.array(records, pa.string())})


def _raw_of_record(dataset: Dataset) -> sql.Composable:
    """Where no landed file has the row any more: what its changes tell of the source, else the standard values."""
    pairs = [
        sql.SQL("{}, t.record ->> {}").format(sql.Literal(entry.source), sql.Literal(entry.column))
        for entry in dataset.mapping.columns
        if entry.source is not None
    ]
    return sql.SQL(
        "jsonb_strip_nulls(jsonb_build_object({}) || coalesce((select jsonb_object_agg(v.source_column, v.raw_value)"
        " from quality.value_change v where v.dataset = c._dataset and v.source_key = c._source_key"
        " and v.source_column is not null), '{{}}'))"
    ).format(sql.SQL(", ").join(pairs))


def _release(connection: psycopg.Connection[Any], dataset: Dataset, load_id: int) -> int:
    """Move the rows of to_release back into core, each value in its type; returns how many."""
    columns = dataset.contract.columns
    released = connection.execute(
        sql.SQL(
            "with back as (delete from quality.held_row h using to_release t where h.dataset = {dataset}"
            " and h.source_key = t.source_key returning h.*)"
            " insert into {core} (_dataset, _source_key, _plant, _row_hash, _load_id, _file_id, _row_no, {columns})"
            " select {dataset}, source_key, plant, row_hash, {load}, case when f.columns is not null then file_id end,"
            " row_no, {values} from back left join ops.landed_file f on f.id = back.file_id"
        ).format(
            core=core_table(dataset),
            dataset=sql.Literal(dataset.name),
            load=sql.Literal(load_id),
            columns=sql.SQL(", ").join(sql.Identifier(column.name) for column in columns),
            values=sql.SQL(", ").join(sql.SQL(typed(column)) for column in columns),
        )
    )
    return released.rowcount


def _json(row: dict[str, str]) -> str:
    return json.dumps(row, ensure_ascii=False)
