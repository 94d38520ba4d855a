"""One rule of a contract: an entry of `quality` -> Rule.

Belongs here: reading the entry and checking it alone. Does not belong here: what rules say together
(`contract_conflicts.py`), rule SQL (hub/quality).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import cast, get_args

from schemas.contract_arguments import check_arguments, unknown_column
from schemas.contract_custom import Custom
from schemas.contract_regex import check_regex
from schemas.contract_sql import check_condition
from schemas.contract_terms import read_threshold
from schemas.fields import Fields
from schemas.model import CodeList, Column, Dimension, Rule, Severity
from schemas.nearness import listed
from schemas.rule_kinds import KINDS

_ID = re.compile(r"[a-z][a-z0-9_]{0,62}")
_OWN = {"kind", "column", "where", "threshold"}  # keys of `implementation` that every kind takes
KEYS = {
    "id", "name", "description", "type", "engine", "implementation", "dimension", "severity", "businessImpact",
    "method", "tags", "authoritativeDefinitions", "customProperties",
}  # fmt: skip
# What ODCS 3.1 knows and nothing here would carry out -> what to write instead.
_INSTEAD = {
    "metric": "implementation: {kind: ...}",
    "rule": "implementation: {kind: ...}",
    "query": "implementation: {kind: set_expression, sql: ...}",
    "arguments": "implementation",
    "schedule": "slaProperties",
    "scheduler": "slaProperties",
    "unit": 'implementation: {threshold: "1 %"}',
    **{
        f"must{name}": 'implementation: {threshold: "1 %"}'
        for name in ("Be", "NotBe", "BeGreaterThan", "BeGreaterOrEqualTo", "BeLessThan", "BeLessOrEqualTo",
                     "BeBetween", "NotBeBetween")
    },
}  # fmt: skip


def read_rule(
    fields: Fields, entity: str, column: str | None, columns: Mapping[str, Column], codes: Mapping[str, CodeList]
) -> Rule:
    """One entry of `quality`; `column`: the one it stands under, None for the whole table.

    Raises Problem naming file, line and what is allowed.
    """
    fields.instead(_INSTEAD)
    fields.only(KEYS)
    fields.choice("type", ["custom"])
    fields.choice("engine", ["waterworks"])
    name = fields.text("id")
    if not _ID.fullmatch(name):
        fields.fail_at("schema_not_allowed", "id", key="id", value=name, allowed="a-z 0-9 _ (1-63)")
    rule_id = f"{entity}.{name}"
    implementation = fields.child("implementation")
    kind_name = implementation.text("kind")
    if kind_name not in KINDS:
        implementation.fail_at(
            "rule_unknown_kind", "kind", rule=rule_id, kind=kind_name, allowed=listed(kind_name, KINDS)
        )
    kind = KINDS[kind_name]
    column = _own_column(implementation, rule_id, column, columns)
    if column is None and kind.needs_column:
        implementation.fail("schema_missing_key", *implementation.steps, key="column", where=rule_id)
    args = {key: value for key, value in implementation.data.items() if key not in _OWN}
    check_arguments(implementation, rule_id, kind_name, args, column, columns)
    if "code_list" in args:
        implementation.choice("code_list", codes)
    has_list = column is not None and columns[column].code_list is not None
    if kind_name == "in_list" and not has_list and not {"values", "code_list"} & set(args):
        missing = "code_list / values"
        implementation.fail(
            "rule_missing_argument", *implementation.steps, rule=rule_id, kind=kind_name, argument=missing
        )
    if kind_name == "pattern":
        check_regex(implementation, "regex", rule_id)
    if kind.sql == "condition":
        check_condition(implementation, "sql", rule_id, columns)
    if "where" in implementation:
        check_condition(implementation, "where", rule_id, columns)
    threshold = read_threshold(implementation, rule_id)
    if threshold is not None and kind.scope == "dataset":
        implementation.fail_at("rule_threshold_dataset", "threshold", rule=rule_id, kind=kind_name)
    custom = Custom(fields)
    custom.only({"title", "why", "fix"})
    return Rule(
        id=rule_id,
        entity=entity,
        kind=kind_name,
        dimension=cast(Dimension, fields.choice("dimension", get_args(Dimension))),
        severity=cast(Severity, fields.choice("severity", get_args(Severity))),
        title=custom.both("title"),
        why=custom.both("why"),
        fix=custom.both("fix"),
        column=column,
        args=args,
        scope=kind.scope,
        where=implementation.optional_text("where"),
        threshold=threshold,
    )


def _own_column(at: Fields, rule: str, column: str | None, columns: Mapping[str, Column]) -> str | None:
    """The column a rule is about; one that stands under a column is about that one."""
    named = at.optional_text("column")
    if named is not None and named not in columns:
        unknown_column(at, rule, named, columns, *at.steps, "column")
    if named is not None and column is not None and named != column:
        at.fail_at("rule_other_column", "column", rule=rule, column=named, under=column)
    return named or column
