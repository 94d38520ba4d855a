"""The score of any day, of anything: sums over mart.quality_score.

Belongs here: the one formula over the rows of a day, grouped as asked, and what is missing from each sum. Not here:
writing those rows (`scores.py`), drawing them (portal).
"""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping as MappingABC
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, Literal

import psycopg
from psycopg.rows import dict_row, tuple_row

from hub.quality.figures import CANNOT_RUN

GroupBy = Literal["column", "rule", "entity", "source", "department", "dimension", "dataset", "source_dimension"]
# What tells the rows of one group apart; a column is one of its entity.
GROUPS: dict[str, tuple[str, ...]] = {
    "column": ("entity", "column_name"),
    "rule": ("rule",),
    "entity": ("entity",),
    "source": ("system",),
    "department": ("department",),
    "dimension": ("dimension",),
    "dataset": ("dataset",),
    "source_dimension": ("system", "dimension"),
}
FILTERS = {"entity": "entity", "department": "department", "source": "system", "dataset": "dataset", "rule": "rule"}


@dataclass(frozen=True)
class Score:
    """One sum. checked, failed: rows times weight. missing: what it does not contain, and why.

    missing: {dataset: state} of datasets that were not read, {rule id: "cannot_run"} of rules that broke.
    """

    checked: int = 0
    failed: int = 0
    missing: MappingABC[str, str] = field(default_factory=dict)

    @property
    def value(self) -> Decimal | None:
        """0 to 100, exactly; None where nothing was checked, or nobody can say."""
        return 100 * (1 - Decimal(self.failed) / self.checked) if self.checked else None

    @property
    def unknown(self) -> bool:
        """Nobody can say: everything it would consist of is missing."""
        return self.checked == 0 and bool(self.missing)


def score_text(value: Decimal) -> str:
    """One decimal, never rounded up to a full 100: "99.9" for 99.98."""
    return "99.9" if Decimal("99.9") < value < 100 else f"{value:.1f}"


@dataclass(frozen=True)
class Day:
    """The scores of a day. day: the day asked for; taken: the day they were taken, before it if none were on it."""

    day: date
    taken: date
    scores: dict[tuple[str, ...], Score]

    @property
    def carried(self) -> bool:
        """Nothing ran on the day asked for: these are figures of the last day that something did."""
        return self.taken != self.day

    @property
    def overall(self) -> Score:
        """The only score of a day that is not grouped."""
        return self.scores.get((), Score())


def last_day(connection: psycopg.Connection[Any], until: date | None = None) -> date | None:
    """The newest day (not after `until`) on which scores were taken."""
    # Days that were taken before dataset_day was kept have scores only.
    with connection.cursor(row_factory=tuple_row) as cursor:
        row = cursor.execute(
            "select greatest("
            "(select max(day) from mart.quality_score where day <= coalesce(%(until)s::date, 'infinity')),"
            " (select max(day) from mart.dataset_day where day <= coalesce(%(until)s::date, 'infinity')))",
            {"until": until},
        ).fetchone()
    return row[0] if row else None


def score_on(
    connection: psycopg.Connection[Any],
    day: date,
    group_by: GroupBy | None = None,
    **only: str | None,
) -> Day | None:
    """The scores of a day (Asia/Shanghai), as they were said then; None before the first.

    On a day without a run the last run before it counts, and `carried` says so. group_by: a key of GROUPS; the
    groups are keyed by their values. only: entity=, department=, source=, dataset=, rule=; None = all.
    """
    taken = last_day(connection, day)
    if taken is None:
        return None
    names = GROUPS[group_by] if group_by else ()
    scores: dict[tuple[str, ...], Score] = dict(_sums(connection, taken, taken, names, only))
    return Day(day, taken, scores)


def taken_between(
    connection: psycopg.Connection[Any], first: date, last: date, **only: str | None
) -> dict[date, Score]:
    """The total of every day from `first` to `last` on which scores were taken, oldest first."""
    return {key[0]: score for key, score in _sums(connection, first, last, ("day",), only)}


def _sums(
    connection: psycopg.Connection[Any],
    first: date,
    last: date,
    names: tuple[str, ...],
    only: MappingABC[str, str | None],
) -> Iterator[tuple[tuple[Any, ...], Score]]:
    """(values of `names`, score) in their order, over the rows of these days."""
    wanted = {name: value for name, value in only.items() if value is not None}
    conditions = "".join(f" and {FILTERS[name]} = %({name})s" for name in wanted)
    # What is missing comes row by row; the rest as one sum.
    keys = ", ".join((*names, "unknown", "missing"))
    query = (
        f"select {keys}, sum(weight * rows_checked)::bigint as checked,"
        " sum(weight * rows_failed)::bigint as failed from ("
        f"select {', '.join((*names, 'unknown', 'weight', 'rows_checked', 'rows_failed'))}, case when unknown is null"
        f" then null when unknown = '{CANNOT_RUN}' then rule else dataset end as missing from mart.quality_score"
        f" where day between %(first)s and %(last)s{conditions}) as s group by {keys} order by {keys}"
    )
    totals: dict[tuple[Any, ...], list[int]] = {}
    missing: dict[tuple[Any, ...], dict[str, str]] = {}
    with connection.cursor(row_factory=dict_row) as cursor:
        for row in cursor.execute(query.encode(), {**wanted, "first": first, "last": last}):
            key = tuple(row[name] for name in names)
            total, lacks = totals.setdefault(key, [0, 0]), missing.setdefault(key, {})
            total[0] += row["checked"]
            total[1] += row["failed"]
            if row["missing"] is not None:
                lacks[row["missing"]] = row["unknown"]
    for key, (checked, failed) in totals.items():
        yield key, Score(checked, failed, missing[key])
