"""Match all domains in the store: match keys in, golden ids and crosswalk out.

Belongs here: reading core, writing master.*. Not here: the method (domains.py, link.py).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any

import psycopg
from psycopg import sql

from hub.matching.domains import DOMAINS, Domain, Key
from hub.matching.link import RecordId, clusters

MATCH_LOCK = 7_201_002  # one matching at a time, or two would mint ids for the same thing


def match_all(connection: psycopg.Connection[Any], run_id: str) -> dict[str, int]:
    """Match every domain; returns {domain: golden records in use}. The caller commits.

    Golden ids are carried over: a cluster keeps the id that most of its records had; ids that no
    record uses any more are kept and redirected to where their records went.
    """
    connection.execute("select pg_advisory_xact_lock(%s)", (MATCH_LOCK,))
    return {domain.name: _match(connection, domain, run_id) for domain in DOMAINS}


def _match(connection: psycopg.Connection[Any], domain: Domain, run_id: str) -> int:
    keys = _read_keys(connection, domain)
    _store_keys(connection, domain.name, keys)
    linked = clusters(keys, domain.identity)
    members: dict[RecordId, list[RecordId]] = defaultdict(list)
    for record, (cluster, _) in linked.items():
        members[cluster].append(record)

    before = {
        (row[0], row[1]): (row[2], row[3])
        for row in connection.execute(
            "select dataset, source_key, golden_id, reason from master.crosswalk"
            " where domain = %s and valid_to is null",
            (domain.name,),
        )
    }
    golden = _carry_over(members, {record: entry[0] for record, entry in before.items()})
    _mint(connection, domain, run_id, members, golden)
    now = {record: (golden[cluster], reason) for record, (cluster, reason) in linked.items()}
    _write_crosswalk(connection, domain.name, run_id, before, now)
    _redirect(connection, {record: entry[0] for record, entry in before.items()}, now)
    return len(members)


def _read_keys(connection: psycopg.Connection[Any], domain: Domain) -> dict[RecordId, list[Key]]:
    query = sql.SQL("select _dataset, _source_key, {} from {}").format(
        sql.SQL(", ").join(map(sql.Identifier, domain.columns)), sql.Identifier("core", domain.name)
    )
    return {
        (row[0], row[1]): domain.keys(dict(zip(domain.columns, row[2:], strict=True)))
        for row in connection.execute(query)
    }


def _store_keys(connection: psycopg.Connection[Any], domain: str, keys: dict[RecordId, list[Key]]) -> None:
    connection.execute("delete from master.match_key where domain = %s", (domain,))
    with (
        connection.cursor() as cursor,
        cursor.copy("copy master.match_key (domain, dataset, source_key, kind, key) from stdin") as copy,
    ):
        for (dataset, source_key), own in keys.items():
            for key in own:
                copy.write_row((domain, dataset, source_key, key.kind, key.key))


def _carry_over(members: dict[RecordId, list[RecordId]], before: dict[RecordId, str]) -> dict[RecordId, str]:
    """{cluster: golden id it keeps}: each id goes to the cluster that holds most of its records."""
    claims = sorted(
        (-count, golden_id, cluster)
        for cluster, records in members.items()
        for golden_id, count in Counter(before[record] for record in records if record in before).items()
    )
    kept: dict[RecordId, str] = {}
    taken: set[str] = set()
    for _, golden_id, cluster in claims:
        if cluster not in kept and golden_id not in taken:
            kept[cluster] = golden_id
            taken.add(golden_id)
    return kept


def _mint(
    connection: psycopg.Connection[Any],
    domain: Domain,
    run_id: str,
    members: dict[RecordId, list[RecordId]],
    golden: dict[RecordId, str],
) -> None:
    """Give a new id to every cluster without one; ids are never used twice."""
    row = connection.execute(
        "select coalesce(max(substr(golden_id, 3)::bigint), 0) from master.golden_record where domain = %s",
        (domain.name,),
    ).fetchone()
    last = row[0] if row else 0
    new = [cluster for cluster in sorted(members) if cluster not in golden]
    for number, cluster in enumerate(new, start=last + 1):
        golden[cluster] = f"{domain.prefix}{number:06d}"
    with (
        connection.cursor() as cursor,
        cursor.copy("copy master.golden_record (golden_id, domain, run_id) from stdin") as copy,
    ):
        for cluster in new:
            copy.write_row((golden[cluster], domain.name, run_id))


def _write_crosswalk(
    connection: psycopg.Connection[Any],
    domain: str,
    run_id: str,
    before: dict[RecordId, tuple[str, str]],
    now: dict[RecordId, tuple[str, str]],
) -> None:
    """Close entries that changed or lost their record, open the new ones; history stays."""
    ended = [record for record, entry in before.items() if now.get(record) != entry]
    with connection.cursor() as cursor:
        cursor.executemany(
            "update master.crosswalk set valid_to = now()"
            " where domain = %s and dataset = %s and source_key = %s and valid_to is null",
            [(domain, *record) for record in ended],
        )
    with (
        connection.cursor() as cursor,
        cursor.copy(
            "copy master.crosswalk (domain, dataset, source_key, golden_id, reason, run_id) from stdin"
        ) as copy,
    ):
        for record, (golden_id, reason) in sorted(now.items()):
            if before.get(record) != (golden_id, reason):
                copy.write_row((domain, *record, golden_id, reason, run_id))


def _redirect(
    connection: psycopg.Connection[Any], before: dict[RecordId, str], now: dict[RecordId, tuple[str, str]]
) -> None:
    """An id that lost all its records points to where most of them went; an id in use points nowhere."""
    in_use = {golden_id for golden_id, _ in now.values()}
    moved: dict[str, Counter[str]] = defaultdict(Counter)
    for record, golden_id in before.items():
        if golden_id not in in_use and record in now:
            moved[golden_id][now[record][0]] += 1
    with connection.cursor() as cursor:
        cursor.executemany(
            "update master.golden_record set redirect_to = %s where golden_id = %s",
            [(targets.most_common(1)[0][0], golden_id) for golden_id, targets in sorted(moved.items())],
        )
    connection.execute(
        "update master.golden_record g set redirect_to = null where redirect_to is not null and exists"
        " (select 1 from master.crosswalk c where c.golden_id = g.golden_id and c.valid_to is null)"
    )
