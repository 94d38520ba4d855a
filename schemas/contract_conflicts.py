"""Rules that no row can keep, or that say nothing: found as far as that can be decided without data.

Belongs here: rules of one contract held against each other and against what their column can hold. Does not belong
here: one rule's own arguments (`contract_arguments.py`), limits of numbers and dates (`contract_limits.py`).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from itertools import combinations

from schemas.contract_arguments import as_number
from schemas.contract_limits import check_limits
from schemas.contract_regex import matches
from schemas.fields import Fields
from schemas.model import CodeList, Column, Rule

# Standardisers whose values all have this many characters.
_EXACT_LENGTH = {"uscc": 18}


def check_conflicts(
    rules: list[Rule], places: Mapping[str, Fields], columns: Mapping[str, Column], codes: Mapping[str, CodeList]
) -> None:
    """Raises Problem at the later of two rules that contradict or repeat each other."""
    for rule in rules:
        at = places[rule.id]
        if rule.column is not None:
            _check_with_column(rule, at, columns[rule.column], codes)
    for earlier, later in combinations(rules, 2):
        at = places[later.id]
        if _same(earlier) == _same(later):
            at.fail("rule_duplicate", *at.steps, rule=later.id, other=earlier.id)
        if _together(earlier, later):
            _check_pair(earlier, later, at, columns, codes)
    for name in columns:
        check_limits([rule for rule in rules if rule.column == name], places, columns[name])


def _together(one: Rule, other: Rule) -> bool:
    """Whether both rules speak about a common row for certain: one says something about all, or both about the same."""
    return one.where is None or other.where is None or _words(one.where) == _words(other.where)


def _same(rule: Rule) -> tuple[str, ...]:
    """Equal for rules that check the same thing twice."""
    args = {key: sorted(map(str, value)) if isinstance(value, list) else value for key, value in rule.args.items()}
    column = "" if rule.kind == "unique" else rule.column or ""
    return (rule.kind, column, json.dumps(args, sort_keys=True, default=str), _words(rule.where or ""))


def _words(sql: str) -> str:
    return " ".join(sql.split())


def _check_pair(
    earlier: Rule, later: Rule, at: Fields, columns: Mapping[str, Column], codes: Mapping[str, CodeList]
) -> None:
    for one, other in ((earlier, later), (later, earlier)):
        if one.kind == "required" and one.column in _demanded_blank(other, other.args.get("sql")):
            at.fail("rule_required_and_blank", *at.steps, rule=later.id, other=earlier.id, column=one.column)
    if _opposed(earlier, later):
        at.fail("rule_ranges_disjoint", *at.steps, rule=later.id, other=earlier.id, column=later.column)
    if earlier.column is None or earlier.column != later.column:
        return
    column = columns[earlier.column]
    first, second = allowed_values(earlier, column, codes), allowed_values(later, column, codes)
    if first is not None and second is not None and not set(first) & set(second):
        at.fail("rule_lists_disjoint", *at.steps, rule=later.id, other=earlier.id, column=column.name)
    for values, test in ((first, later), (second, earlier)):
        if values is not None and not any(_keeps(test, value) for value in values):
            at.fail("rule_list_impossible", *at.steps, rule=later.id, other=earlier.id, column=column.name,
                    values=", ".join(values[:5]))  # fmt: skip


def _opposed(one: Rule, other: Rule) -> bool:
    """Whether a is before b by one rule and b before a by the other, at least one of them strictly."""
    if one.kind != "ordered" or other.kind != "ordered":
        return False
    crossed = (one.column, one.args["before"]) == (other.args["before"], other.column)
    return crossed and bool(one.args.get("strict") or other.args.get("strict"))


def _check_with_column(rule: Rule, at: Fields, column: Column, codes: Mapping[str, CodeList]) -> None:
    """A rule against what its column can hold at all."""
    implementation = Fields(at.document, *at.steps, "implementation")
    if rule.where is not None and column.name in _demanded_blank(rule, rule.where):
        implementation.fail_at("rule_where_own_blank", "where", rule=rule.id, column=column.name)
    lengths = _lengths(rule)
    if lengths is not None:
        least, most = lengths
        exact = _EXACT_LENGTH.get(column.standard or "")
        bound = exact or column.max_length
        too_long, too_short = bound is not None and least > bound, most is not None and most < (exact or 0)
        if too_long or too_short:
            implementation.fail("rule_never_kept", *implementation.steps, rule=rule.id, column=column.name,
                                values=f"<= {bound}" if exact is None else str(exact))  # fmt: skip
    if rule.kind == "in_list" and rule.args.get("values") and column.code_list is not None:
        known = [entry.code for entry in codes[column.code_list].codes]
        for index, value in enumerate(rule.args["values"]):
            if value not in known:
                implementation.fail("schema_not_allowed", *implementation.steps, "values", index, key="values",
                                    value=str(value), allowed=", ".join(known))  # fmt: skip
    if column.code_list is not None and column.standard in {"unit", "code_list"}:
        known = [entry.code for entry in codes[column.code_list].codes]
        if not any(_keeps(rule, value) for value in known):
            implementation.fail("rule_never_kept", *implementation.steps, rule=rule.id, column=column.name,
                                values=", ".join(known[:5]))  # fmt: skip
    if rule.where is None and column.example is not None and not _example_keeps(rule, column, codes):
        implementation.fail("rule_example_fails", *implementation.steps, rule=rule.id, column=column.name,
                            example=column.example)  # fmt: skip


def _example_keeps(rule: Rule, column: Column, codes: Mapping[str, CodeList]) -> bool:
    example = column.example or ""
    if column.type != "string":
        return True  # limits are held against examples in contract_limits.py
    values = allowed_values(rule, column, codes)
    return _keeps(rule, example) and (values is None or example in values)


def allowed_values(rule: Rule, column: Column, codes: Mapping[str, CodeList]) -> list[str] | None:
    """The only values an in_list rule allows; None for other rules."""
    if rule.kind != "in_list":
        return None
    if rule.args.get("values"):
        return [str(value) for value in rule.args["values"]]
    return [entry.code for entry in codes[str(rule.args.get("code_list") or column.code_list)].codes]


def _keeps(rule: Rule, value: str) -> bool:
    """Whether a value keeps a rule of kind pattern or length; True for the others, which are not decided here."""
    if rule.kind == "pattern":
        return matches(str(rule.args["regex"]), value)
    lengths = _lengths(rule)
    if lengths is not None:
        return lengths[0] <= len(value) and (lengths[1] is None or len(value) <= lengths[1])
    return True


def _lengths(rule: Rule) -> tuple[int, int | None] | None:
    if rule.kind != "length":
        return None
    least, most = as_number(rule.args.get("min", 0)), as_number(rule.args.get("max"))
    return int(least or 0), None if most is None else int(most)


def _demanded_blank(rule: Rule, sql: str | None) -> set[str]:
    """Columns that a condition demands to be blank: `x is null` alone or joined by `and`."""
    if sql is None or (rule.kind != "expression" and sql is not rule.where):
        return set()
    return set(_blank_columns(sql))


def _blank_columns(sql: str) -> Iterator[str]:
    import sqlglot
    from sqlglot import exp

    root = sqlglot.parse_one(sql, read="postgres").unnest()
    for part in root.flatten() if isinstance(root, exp.And) else [root]:
        condition = part.unnest()
        if (
            isinstance(condition, exp.Is)
            and not condition.args.get("negate")  # "is not null"
            and isinstance(condition.this, exp.Column)
            and isinstance(condition.expression, exp.Null)
        ):
            yield condition.this.name
