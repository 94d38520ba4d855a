"""The kinds of quality rules and the arguments each takes.

Belongs here: what may be written in a contract. Does not belong here: the SQL (hub/quality).
A new kind = one entry here + one SQL template in hub/quality + a test; every check of its arguments
(`contract_arguments.py`) follows from the entry.

Row rules see one load; `sql` of an expression names entity columns, and a row passes when it is
true or null. Set rules see the store; `sql` of a set_expression is a PostgreSQL query over
core.<entity> that returns (_dataset, _source_key, value) of the rows that fail;
source_system(name, kind, in_sets) in it lists the configured systems; the keys of those `in_sets` begin
with the account set and a |.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

from schemas.model import ColumnType, RuleScope

NUMBERS: tuple[ColumnType, ...] = ("integer", "decimal")
MOMENTS: tuple[ColumnType, ...] = ("date", "timestamp")
TEXT: tuple[ColumnType, ...] = ("string",)


@dataclass(frozen=True)
class RuleKind:
    """What one kind of rule takes.

    `required`/`optional`: argument name -> type: str, int (a whole number, 0 or more), bool, list (of texts or
    numbers, not empty), Decimal (a number above 0), object (a limit of the column's own type).
    `needs_column`: the rule is about one column. `column_types`: types that column may have; empty = any.
    `one_of`: at least one of these arguments is there. `choices`: argument -> what it, or each item of it, may be.
    `columns`: arguments that name columns of the same entity. `comparable`: those among them whose column
    must be comparable with the rule's own. `targets`: arguments that name "<entity>.<column>" (or a list of them);
    `same_type`: those among them whose column must have the type of the rule's own. `sql`: what the argument `sql`
    holds: a condition over one row, or a query over the store.
    """

    scope: RuleScope
    required: dict[str, type]
    optional: dict[str, type]
    needs_column: bool = True
    column_types: tuple[ColumnType, ...] = ()
    one_of: tuple[str, ...] = ()
    choices: dict[str, tuple[str, ...]] = field(default_factory=dict)
    columns: tuple[str, ...] = ()
    comparable: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    same_type: tuple[str, ...] = ()
    sql: Literal["condition", "query"] | None = None


CHECKSUMS = ("uscc", "id_card", "ean", "bank_card")
FORMATS = ("phone", "mobile", "email")
SIGNS = ("positive", "not_negative", "negative", "not_positive")
IGNORABLE = ("width", "case", "spacing", "punctuation")

KINDS: dict[str, RuleKind] = {
    # row: the column has a value
    "required": RuleKind("row", {}, {}),
    # row: the source wrote something, but no standard value could be made of it
    "readable": RuleKind("row", {}, {}),
    # row: the standard value is one of the codes of a list in schemas/codes, or of `values`
    "in_list": RuleKind("row", {}, {"code_list": str, "values": list}),
    # row: min <= value <= max; exclusive: min < value < max. Numbers, or dates as "2020-01-31"
    "range": RuleKind(
        "row",
        {},
        {"min": object, "max": object, "exclusive": bool},
        column_types=(*NUMBERS, *MOMENTS),
        one_of=("min", "max"),
    ),
    # row: the whole standard value matches the expression (RE2 syntax)
    "pattern": RuleKind("row", {"regex": str}, {}, column_types=TEXT),
    # row: at least min and at most max characters
    "length": RuleKind("row", {}, {"min": int, "max": int}, column_types=TEXT, one_of=("min", "max")),
    # row: positive, not_negative, negative or not_positive
    "sign": RuleKind("row", {"is": str}, {}, column_types=NUMBERS, choices={"is": SIGNS}),
    # row: a whole multiple of `of`
    "step": RuleKind("row", {"of": Decimal}, {}, column_types=NUMBERS),
    # row: the form of a phone, mobile, email
    "format": RuleKind("row", {"of": str}, {}, column_types=TEXT, choices={"of": FORMATS}),
    # row: this column is not after (not greater than) `before`; strict: not equal either
    "ordered": RuleKind("row", {"before": str}, {"strict": bool}, columns=("before",), comparable=("before",)),
    # row: the check digit holds
    "checksum": RuleKind("row", {"algorithm": str}, {}, column_types=TEXT, choices={"algorithm": CHECKSUMS}),
    # row: a condition over several columns
    "expression": RuleKind("row", {"sql": str}, {}, sql="condition"),
    # table: no other row of the dataset has the same values (blank values count as values); ignoring: width, case,
    # spacing, punctuation
    "unique": RuleKind(
        "table", {"columns": list}, {"ignoring": list}, choices={"ignoring": IGNORABLE}, columns=("columns",)
    ),
    # table: rows that agree in the columns `by` agree in this column (same code, same name)
    "determines": RuleKind("table", {"by": list}, {"ignoring": list}, choices={"ignoring": IGNORABLE}, columns=("by",)),
    # table: not further from the median of its group than `deviations` (modified z-score)
    "outlier": RuleKind(
        "table", {}, {"by": list, "deviations": Decimal, "at_least": int}, column_types=NUMBERS, columns=("by",)
    ),
    # row: letters O/I among digits, blanks inside, or only digits and fewer than min_digits
    "suspect_code": RuleKind("row", {}, {"min_digits": int}, column_types=TEXT),
    # set: the value exists in "<entity>.<column>"; sources: kinds (erp, mes, excel) or names of the systems
    # whose rows count as truth
    "reference": RuleKind("set", {"to": str}, {"sources": list}, targets=("to",), same_type=("to",)),
    # set: within one system, no two rows with different business keys share the value
    "unique_across": RuleKind("set", {}, {}),
    # set: within one dataset, no two rows with different business keys have the same normalised name
    "same_name": RuleKind("set", {}, {}, column_types=TEXT),
    # set: systems that know the same `key` (a column) have the same value
    "disagreement": RuleKind("set", {"key": str}, {}, columns=("key",)),
    # set: a query that returns the failing rows
    "set_expression": RuleKind("set", {"sql": str}, {}, sql="query"),
}

# Standardisers in hub/cleansing -> the column types whose values they make.
STANDARDS: dict[str, tuple[ColumnType, ...]] = {
    "text": TEXT,
    "name": TEXT,
    "code": TEXT,
    "material_code": TEXT,
    "uscc": TEXT,
    "phone": TEXT,
    "unit": TEXT,
    "date": ("date",),
    "timestamp": ("timestamp",),
    "integer": ("integer",),
    "decimal": ("decimal",),
    "percent": ("decimal",),
    "boolean": ("boolean",),
    "code_list": TEXT,
}
