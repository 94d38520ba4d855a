"""Every definition a rule has had: what a trend shows may be the rule that changed, not the data.

Belongs here: comparing the contracts with quality.rule_version, telling what changed. Not here: judging rows
again because of it (hub/landing/rejudge.py), showing it (portal).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping as MappingABC
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from schemas.model import CodeList, Contract, Rule

HISTORY_LOCK = 7_201_006
# Changes after which a row may break the rule that did not, or no longer does. A severity or threshold decides
# only what follows from a finding.
DECIDING = ("added", "removed", "kind", "column", "form", "arguments", "where", "codes", "scope")


def definition(rule: Rule, contract: Contract, codes: MappingABC[str, CodeList]) -> dict[str, Any]:
    """What the rule says, without its wording: two rules with the same definition find the same."""
    columns = {column.name: column for column in contract.columns}
    column = columns.get(rule.column or "")
    told: dict[str, Any] = {
        "kind": rule.kind,
        "scope": rule.scope,
        "column": rule.column,
        "severity": rule.severity,
        "dimension": rule.dimension,
        "arguments": dict(rule.args),
        "where": rule.where,
        "threshold": f"{rule.threshold.at_most:f} {rule.threshold.unit}" if rule.threshold else None,
        # How a value of the column is read decides with the rule whether it stands.
        "form": [column.type, column.standard, column.max_length] if column else None,
    }
    name = str(rule.args.get("code_list") or (column.code_list if column else ""))
    if name in codes and rule.kind in ("in_list", "readable"):
        told["codes"] = {code.code: sorted(code.aliases) for code in codes[name].codes}
    plain: dict[str, Any] = json.loads(json.dumps(told, default=str, sort_keys=True))
    return plain


def note_versions(
    connection: psycopg.Connection[Any], contracts: MappingABC[str, Contract], codes: MappingABC[str, CodeList]
) -> list[str]:
    """Write down every rule whose definition is new, other than before or gone; returns their ids.

    The first versions of an entity's rules are a beginning, not a change. Runs in the caller's transaction.
    """
    connection.execute("select pg_advisory_xact_lock(%s)", (HISTORY_LOCK,))
    with connection.cursor(row_factory=psycopg.rows.tuple_row) as cursor:
        newest = {
            rule: (mark, said)
            for rule, mark, said in cursor.execute(
                "select distinct on (rule) rule, fingerprint, definition from quality.rule_version"
                " order by rule, since desc"
            )
        }
    begun = {rule.partition(".")[0] for rule in newest}
    lines: list[tuple[str, str, Any, Any]] = []
    now = {rule.id: definition(rule, contract, codes) for contract in contracts.values() for rule in contract.rules}
    for rule, said in now.items():
        mark, before = newest.get(rule, ("", None))
        if mark == _fingerprint(said):
            continue
        changed: dict[str, Any] | None = None
        if before is not None:
            changed = differences(before, said)
        elif rule.partition(".")[0] in begun:
            changed = {"added": [None, said["kind"]]}
        lines.append((rule, _fingerprint(said), Jsonb(said), Jsonb(changed) if changed is not None else None))
    for rule, (_, before) in newest.items():
        if rule not in now and before is not None:
            lines.append((rule, "", None, Jsonb({"removed": [before["kind"], None]})))
    with connection.cursor() as cursor:
        cursor.executemany(
            "insert into quality.rule_version (rule, since, fingerprint, definition, changed)"
            " values (%s, now(), %s, %s, %s)",
            lines,
        )
    return [line[0] for line in lines]


def differences(before: MappingABC[str, Any], after: MappingABC[str, Any]) -> dict[str, Any]:
    """{what: [before, after]}; of arguments and codes the entries that differ: {"arguments": {"max": [5, 9]}}."""
    found: dict[str, Any] = {}
    for name in sorted({*before, *after}):
        was, now = before.get(name), after.get(name)
        if was == now:
            continue
        if isinstance(was, dict) and isinstance(now, dict):
            found[name] = {key: [was.get(key), now.get(key)] for key in {**was, **now} if was.get(key) != now.get(key)}
        else:
            found[name] = [was, now]
    return found


@dataclass(frozen=True)
class RuleChange:
    """One mark on the trend. changed: {what: [before, after]}, see `differences`."""

    rule: str
    since: datetime
    changed: dict[str, Any]


def rule_changes(connection: psycopg.Connection[Any], first: date, last: date) -> list[RuleChange]:
    """The changes noted on the days (Asia/Shanghai) from `first` to `last`, oldest first."""
    with connection.cursor(row_factory=psycopg.rows.tuple_row) as cursor:
        found = cursor.execute(
            "select rule, since, changed from quality.rule_version where changed is not null"
            " and (since at time zone 'Asia/Shanghai')::date between %s and %s order by since, rule",
            (first, last),
        ).fetchall()
    return [RuleChange(*row) for row in found]


def _fingerprint(said: MappingABC[str, Any]) -> str:
    return hashlib.sha256(json.dumps(said, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
