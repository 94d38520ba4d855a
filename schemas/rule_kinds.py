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
    `same_type`: those among them whose column must have the type of the rule's own; `number_targets`: those whose
    column must hold numbers. `parallel`: pairs of lists that are equally long. `conditions`: argument that is an SQL
    condition -> the targets whose entity it is about (the first one given). `sql`: what the argument `sql` holds: a
    condition over one row, or a query over the store.
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
    number_targets: tuple[str, ...] = ()
    parallel: tuple[tuple[str, str], ...] = ()
    conditions: dict[str, tuple[str, ...]] = field(default_factory=dict)
    sql: Literal["condition", "query"] | None = None


CHECKSUMS = ("uscc", "id_card", "ean", "bank_card")
FORMATS = ("phone", "mobile", "email")
SIGNS = ("positive", "not_negative", "negative", "not_positive")
IGNORABLE = ("width", "case", "spacing", "punctuation")
WITHIN = ("source", "anywhere")

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
    # set: the value exists in "<entity>.<column>"; also: further columns of a compound key and, in also_to, their
    # targets in the same order; within: "source" = in the same system; sources: kinds (erp, mes, excel) or names of
    # the systems whose rows count as truth; target_where: only such rows of the target count
    "reference": RuleKind(
        "set",
        {"to": str},
        {"also": list, "also_to": list, "within": str, "sources": list, "target_where": str},
        choices={"within": WITHIN},
        columns=("also",),
        targets=("to", "also_to"),
        same_type=("to",),
        parallel=(("also", "also_to"),),
        conditions={"target_where": ("to",)},
    ),
    # set: within one system, no two rows with different business keys share the value, and the values of `with`;
    # ignoring: width, case, spacing, punctuation, signs (20*50 is 20×50, Ø20 is φ20)
    "unique_across": RuleKind(
        "set",
        {},
        {"with": list, "ignoring": list},
        choices={"ignoring": (*IGNORABLE, "signs")},
        columns=("with",),
    ),
    # set: within one dataset, no two rows with different business keys have the same normalised name
    "same_name": RuleKind("set", {}, {}, column_types=TEXT),
    # set: systems that know the same `key` (a column; `also`: further ones) have the same value; sources: kinds or
    # names of the systems that are right; tolerance_percent, tolerance: how far numbers may be apart; unit: the column
    # by which they are converted first
    "disagreement": RuleKind(
        "set",
        {"key": str},
        {"also": list, "sources": list, "tolerance_percent": Decimal, "tolerance": Decimal, "unit": str},
        columns=("key", "also", "unit"),
    ),
    # set: the sum over the rows that agree in `by` is at most, at least or equal to "<entity>.<column>" of the row that
    # agrees in `matching`, or lies between the numbers min and max; mark: which rows of the sum fail, largest or all
    "total": RuleKind(
        "set",
        {"by": list},
        {
            "at_most": str,
            "at_least": str,
            "equals": str,
            "min": object,
            "max": object,
            "matching": list,
            "target_where": str,
            "tolerance_percent": Decimal,
            "tolerance": Decimal,
            "unit": str,
            "within": str,
            "mark": str,
        },
        column_types=NUMBERS,
        one_of=("at_most", "at_least", "equals", "min", "max"),
        choices={"within": WITHIN, "mark": ("largest", "all")},
        columns=("by", "unit"),
        targets=("at_most", "at_least", "equals", "matching"),
        number_targets=("at_most", "at_least", "equals"),
        parallel=(("by", "matching"),),
        conditions={"target_where": ("at_most", "at_least", "equals")},
    ),
    # set: what is used of a thing (a lot) is covered by what there was of it: quantities of other entities, each with
    # the column that names the thing (`matching`, in the same order)
    "balance": RuleKind(
        "set",
        {"by": str, "covered_by": list, "matching": list},
        {
            "also_used": list,
            "also_matching": list,
            "tolerance_percent": Decimal,
            "tolerance": Decimal,
            "unit": str,
            "within": str,
            "mark": str,
        },
        column_types=NUMBERS,
        choices={"within": WITHIN, "mark": ("largest", "all")},
        columns=("by", "unit"),
        targets=("covered_by", "matching", "also_used", "also_matching"),
        number_targets=("covered_by", "also_used"),
        parallel=(("covered_by", "matching"), ("also_used", "also_matching")),
    ),
    # set: a cost is within tolerance_percent of the cost of its parts, over all levels of the bill of material
    "roll_up": RuleKind(
        "set",
        {"by": str, "parent": str, "component": str, "quantity": str, "tolerance_percent": Decimal},
        {
            "scrap_percent": str,
            "valid_from": str,
            "valid_to": str,
            "lines_where": str,
            "added": list,
            "otherwise": str,
            "otherwise_by": str,
            "unit": str,
            "line_unit": str,
            "otherwise_unit": str,
            "deepest": int,
        },
        column_types=NUMBERS,
        columns=("by", "added", "unit"),
        targets=(
            "parent",
            "component",
            "quantity",
            "scrap_percent",
            "valid_from",
            "valid_to",
            "otherwise",
            "otherwise_by",
            "line_unit",
            "otherwise_unit",
        ),
        number_targets=("quantity", "scrap_percent", "otherwise"),
        conditions={"lines_where": ("parent",)},
    ),
    # set: no row closes a loop of parents (`parent`) and components (the rule's column)
    "no_loop": RuleKind("set", {"parent": str}, {}, columns=("parent",), comparable=("parent",)),
    # dataset: the newest load, or the newest value of the column, is at most max_hours old (default: the contract's
    # latency)
    "freshness": RuleKind("dataset", {}, {"max_hours": Decimal}, needs_column=False, column_types=MOMENTS),
    # dataset: not more than max_drop_percent fewer rows than the median of the `last` days, or rows read than the
    # median of the `last` loads; silent with fewer than `at_least` of them
    "row_count": RuleKind(
        "dataset",
        {"max_drop_percent": Decimal},
        {"last": int, "at_least": int, "over": str},
        needs_column=False,
        choices={"over": ("days", "loads")},
    ),
    # dataset: no change of the source's columns waits for a decision
    "schema_stable": RuleKind("dataset", {}, {}, needs_column=False),
    # set: a query that returns the failing rows
    "set_expression": RuleKind("set", {"sql": str}, {}, sql="query"),
}

# Standardisers in hub/cleansing -> the column types whose values they make.
STANDARDS: dict[str, tuple[ColumnType, ...]] = {
    "text": TEXT,
    "name": TEXT,
    "company_name": TEXT,
    "code": TEXT,
    "material_code": TEXT,
    "spec": TEXT,
    "uscc": TEXT,
    "id_card": TEXT,
    "ean": TEXT,
    "bank_card": TEXT,
    "phone": TEXT,
    "phone_list": TEXT,
    "email": TEXT,
    "province": TEXT,
    "city": TEXT,
    "county": TEXT,
    "unit": TEXT,
    "date": ("date",),
    "timestamp": ("timestamp",),
    "integer": ("integer",),
    "decimal": ("decimal",),
    "percent": ("decimal",),
    "boolean": ("boolean",),
    "code_list": TEXT,
}
