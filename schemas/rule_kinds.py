"""The kinds of quality rules and the arguments each takes.

Belongs here: what may be written in a contract. Does not belong here: the SQL (hub/quality).
A new kind = one entry here + one SQL template in hub/quality + a test.

Row rules see one load; `sql` of an expression names entity columns, and a row passes when it is
true or null. Set rules see the store; `sql` of a set_expression is a PostgreSQL query over
core.<entity> that returns (_dataset, _source_key, value) of the rows that fail;
source_system(name, kind, in_sets) in it lists the configured systems; the keys of those `in_sets` begin
with the account set and a |.
"""

from __future__ import annotations

from dataclasses import dataclass

from schemas.model import RuleScope


@dataclass(frozen=True)
class RuleKind:
    """`required`/`optional`: argument name -> type. `needs_column`: the rule is about one column."""

    scope: RuleScope
    required: dict[str, type]
    optional: dict[str, type]
    needs_column: bool = True


KINDS: dict[str, RuleKind] = {
    # row: the column has a value
    "required": RuleKind("row", {}, {}),
    # row: the source wrote something, but no standard value could be made of it
    "readable": RuleKind("row", {}, {}),
    # row: the standard value is one of the codes of a list in schemas/codes
    "in_list": RuleKind("row", {}, {"code_list": str, "values": list}),
    # row: min <= value <= max; exclusive: min < value < max. Numbers, or dates as "2020-01-31"
    "range": RuleKind("row", {}, {"min": object, "max": object, "exclusive": bool}),
    # row: the whole standard value matches the expression (RE2 syntax)
    "pattern": RuleKind("row", {"regex": str}, {}),
    # row: at least min and at most max characters
    "length": RuleKind("row", {}, {"min": int, "max": int}),
    # row: positive, not_negative, negative or not_positive
    "sign": RuleKind("row", {"is": str}, {}),
    # row: a whole multiple of `of`
    "step": RuleKind("row", {"of": object}, {}),
    # row: the form of a phone, mobile, email
    "format": RuleKind("row", {"of": str}, {}),
    # row: this column is not after (not greater than) `before`; strict: not equal either
    "ordered": RuleKind("row", {"before": str}, {"strict": bool}),
    # row: the check digit holds
    "checksum": RuleKind("row", {"algorithm": str}, {}),
    # row: a condition over several columns
    "expression": RuleKind("row", {"sql": str}, {}),
    # table: no other row of the dataset has the same values (blank values count as values); ignoring: width, case,
    # spacing, punctuation
    "unique": RuleKind("table", {"columns": list}, {"ignoring": list}),
    # table: rows that agree in the columns `by` agree in this column (same code, same name)
    "determines": RuleKind("table", {"by": list}, {"ignoring": list}),
    # table: not further from the median of its group than `deviations` (modified z-score)
    "outlier": RuleKind("table", {}, {"by": list, "deviations": object, "at_least": int}),
    # row: letters O/I among digits, blanks inside, or only digits and fewer than min_digits
    "suspect_code": RuleKind("row", {}, {"min_digits": int}),
    # set: the value exists in "<entity>.<column>"; sources: kinds (erp, mes, excel) or names of the systems
    # whose rows count as truth
    "reference": RuleKind("set", {"to": str}, {"sources": list}),
    # set: within one system, no two rows with different business keys share the value
    "unique_across": RuleKind("set", {}, {}),
    # set: within one dataset, no two rows with different business keys have the same normalised name
    "same_name": RuleKind("set", {}, {}),
    # set: systems that know the same `key` (a column) have the same value
    "disagreement": RuleKind("set", {"key": str}, {}),
    # set: a query that returns the failing rows
    "set_expression": RuleKind("set", {"sql": str}, {}),
}

# Names of standardisers in hub/cleansing.
STANDARDS = (
    "text",
    "name",
    "code",
    "material_code",
    "uscc",
    "phone",
    "unit",
    "date",
    "timestamp",
    "integer",
    "decimal",
    "percent",
    "boolean",
    "code_list",
)

CHECKSUMS = ("uscc", "id_card", "ean", "bank_card")
