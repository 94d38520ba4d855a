"""Row conditions of rules (`where`) as Great Expectations' own conditions.

Belongs here: what GX says alike on pandas and on SQL: comparisons of a column with texts, numbers or true and false,
lists, blank or not, joined by `and`, and these joined by `or`. Not here: everything else a condition may say; such a
rule has no equivalent in GX.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from schemas.model import ColumnType, Contract, Rule

if TYPE_CHECKING:
    from great_expectations.expectations.conditions import Condition
    from sqlglot import exp

_COMPARISONS = {"eq": "==", "neq": "!=", "lt": "<", "lte": "<=", "gt": ">", "gte": ">="}
_MIRRORED = {"==": "==", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}


class NotInGxError(Exception):
    """GX has no word for it that means the same on pandas and on SQL."""


def row_condition(rule: Rule, contract: Contract) -> Condition | None:
    """The rule's `where`, None if it has none. Raises NotInGxError."""
    if rule.where is None:
        return None
    import sqlglot
    from sqlglot import exp

    root = sqlglot.parse_one(rule.where, read="postgres").unnest()
    names = {column.name.lower(): column.name for column in contract.columns}
    types = {column.name: column.type for column in contract.columns}
    reader = _Reader(names, types)
    branches = [reader.all_of(part.unnest()) for part in (root.flatten() if isinstance(root, exp.Or) else [root])]
    return _joined(branches)


def _joined(branches: list[list[Any]]) -> Condition:
    from great_expectations.expectations.conditions import AndCondition, OrCondition

    told = [branch[0] if len(branch) == 1 else AndCondition(conditions=branch) for branch in branches]
    return told[0] if len(told) == 1 else OrCondition(conditions=told)


def alike(values: list[Any]) -> list[Any]:
    """Numbers as floats if one of them is: SQLAlchemy takes the type of a list from its first member."""
    return [float(value) for value in values] if any(isinstance(value, float) for value in values) else values


class _Reader:
    """names: {lower-case name: column}. types: {column: its type}."""

    def __init__(self, names: dict[str, str], types: dict[str, ColumnType]) -> None:
        self._names, self._types = names, types

    def all_of(self, condition: exp.Expr) -> list[Any]:
        from sqlglot import exp

        parts = condition.flatten() if isinstance(condition, exp.And) else [condition]
        return [made for part in parts for made in self._one(part.unnest(), negated=False)]

    def _one(self, part: exp.Expr, negated: bool) -> list[Any]:
        """GX keeps rows whose value is blank where pandas says `!=`, so blanks are left out in words of their own."""
        from sqlglot import exp

        if isinstance(part, exp.Not):
            return self._one(part.this.unnest(), not negated)
        if isinstance(part, exp.Column):
            return [self._column(part) == (not negated)]
        if isinstance(part, exp.Is) and isinstance(part.expression, exp.Null):
            column = self._column(part.this)
            return [column.is_not_null() if negated != bool(part.args.get("negate")) else column.is_null()]
        if isinstance(part, exp.In) and part.expressions:
            column, values = (
                self._column(part.this),
                alike([self._value(value, part.this) for value in part.expressions]),
            )
            return [column.is_not_null(), column.is_not_in(values)] if negated else [column.is_in(values)]
        if isinstance(part, exp.Between) and not negated:
            column = self._column(part.this)
            return [
                column >= self._value(part.args["low"], part.this),
                column <= self._value(part.args["high"], part.this),
            ]
        if part.key in _COMPARISONS and not negated:
            return self._comparison(part)
        raise NotInGxError(part.sql())

    def _comparison(self, part: exp.Expr) -> list[Any]:
        from great_expectations.expectations.conditions import ComparisonCondition, Operator
        from sqlglot import exp

        left, right, sign = part.this.unnest(), part.expression.unnest(), _COMPARISONS[part.key]
        if not isinstance(left, exp.Column):
            left, right, sign = right, left, _MIRRORED[sign]
        column = self._column(left)
        made = ComparisonCondition(column=column, operator=Operator(sign), parameter=self._value(right, left))
        return [column.is_not_null(), made] if sign == "!=" else [made]

    def _column(self, part: exp.Expr) -> Any:
        from great_expectations.expectations.conditions import Column
        from sqlglot import exp

        if not isinstance(part, exp.Column) or part.name.lower() not in self._names:
            raise NotInGxError(part.sql())
        return Column(self._names[part.name.lower()])

    def _value(self, part: exp.Expr, column: exp.Expr) -> str | int | float | bool:
        """A constant of the column's own type; days differ between pandas and SQL."""
        from sqlglot import exp

        kind = self._types[self._names[column.name.lower()]]
        constant = part.unnest()
        minus = isinstance(constant, exp.Neg)
        inner = constant.this if minus else constant
        if isinstance(inner, exp.Boolean) and kind == "boolean" and not minus:
            return bool(inner.this)
        if isinstance(inner, exp.Literal):
            if inner.is_string and kind == "string" and not minus:
                return str(inner.this)
            if not inner.is_string and kind in ("integer", "decimal"):
                number = float(inner.this) if not str(inner.this).isdigit() else int(inner.this)
                return -number if minus else number
        raise NotInGxError(part.sql())
