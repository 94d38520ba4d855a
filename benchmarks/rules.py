"""Ten typical rules over a wide table beside a pass written by hand and Great Expectations; fifty rules; much data.

Belongs here: our engine as a contender, and the comparison. Not here: data and rules (`rules_data.py`), the others
(`rules_peers.py`). Every contender but one names every failing row, and the counts must agree.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from benchmarks.measure import Figures, Meter, isolated
from benchmarks.report import Benchmark, Entry
from benchmarks.rules_data import CODES, FIFTY, MAPPING, RULES, contract, make
from benchmarks.rules_peers import WARM_ROWS, Outcome, by_hand, cheapest, great_expectations
from connectors.base import KEY
from schemas.model import Contract

PART_ROWS = 200_000  # of a large table, as it is made and written
PAGE_ROWS = 50_000  # as it is read, the size of a page of a load
LARGE = 5  # times the rows, for the run from Parquet


def ours(rows: int, fifty: bool = False) -> Outcome:
    """Ten rules, or fifty of which the further forty find nothing, over a table in memory."""
    terms = contract(FIFTY if fifty else RULES)

    def check(table: pa.Table) -> pa.Table:
        return pa.concat_tables(_findings(iter([table]), terms))

    table, planted = make(rows)
    check(make(WARM_ROWS)[0])
    figures, findings = cheapest(check, table)
    rules, keys = findings["rule"].to_pylist(), findings[KEY].to_pylist()
    named = sum(key in planted[rule] for rule, key in zip(rules, keys, strict=True))
    return figures, dict(sorted(Counter(rules).items())), named


def from_parquet(rows: int, folder: str, every_row_fails: bool = False) -> Outcome:
    """Ten rules over a Parquet file that is read part by part; findings are counted and let go.

    every_row_fails: no name and no price anywhere, so that two rules fail on every row.
    """
    path = Path(folder) / f"{rows}.parquet"
    terms = contract()
    list(_findings(iter([make(WARM_ROWS)[0]]), terms))
    counts: Counter[str] = Counter()
    with Meter() as meter:
        for part in _findings(_parts(path, every_row_fails), terms):
            for told in pc.value_counts(part["rule"]).to_pylist():
                counts[told["values"]] += told["counts"]
    return meter.figures, dict(sorted(counts.items())), sum(counts.values())


def _findings(tables: Iterator[pa.Table], terms: Contract) -> Iterator[pa.Table]:
    from hub.cleansing import standardise
    from hub.quality.engine import Run
    from hub.quality.file_check import check_pages

    def pages() -> Iterator[tuple[standardise.Standardised, pa.Table]]:
        for table in tables:
            empty = {
                name: getattr(standardise, f"{name.upper()}_SCHEMA").empty_table()
                for name in standardise.Standardised.__dataclass_fields__
                if name != "values"
            }
            yield standardise.Standardised(values=table, **empty), table

    run = Run()
    yield from check_pages(pages(), MAPPING, terms, CODES, run)
    if run.broken:
        raise next(iter(run.broken.values()))


def _parts(path: Path, every_row_fails: bool) -> Iterator[pa.Table]:
    # Without this the whole file is read ahead into memory.
    with pq.ParquetFile(path, pre_buffer=False) as file:
        for batch in file.iter_batches(PAGE_ROWS):
            part = pa.Table.from_batches([batch])
            for name in ("name", "price") if every_row_fails else ():
                place = part.column_names.index(name)
                part = part.set_column(place, name, pa.nulls(part.num_rows, part.schema.field(name).type))
            yield part


def write_parquet(rows: int, folder: str) -> None:
    """The spoiled table as <rows>.parquet, made part by part."""
    with pq.ParquetWriter(Path(folder) / f"{rows}.parquet", make(WARM_ROWS)[0].schema) as writer:
        for first in range(0, rows, PART_ROWS):
            writer.write_table(make(min(PART_ROWS, rows - first), first=first)[0])


def run(rows: int = 1_000_000) -> Benchmark:
    """All contenders. Raises AssertionError if the counts of those over the same table differ."""
    entries = [
        _entry("polars by hand, all keys", rows, isolated(by_hand, rows, False)),
        _entry("polars by hand from Arrow, all keys", rows, isolated(by_hand, rows, True)),
        _entry("ours, all keys", rows, isolated(ours, rows)),
        _entry("Great Expectations on pandas, all keys", rows, isolated(great_expectations, rows, True)),
        _entry("Great Expectations on pandas, SUMMARY", rows, isolated(great_expectations, rows, False)),
        _entry("ours, fifty rules", rows, isolated(ours, rows, True)),
    ]
    _agree(entries)
    small = max(1000, rows // 10)
    entries += [
        _entry("polars by hand, all keys", small, isolated(by_hand, small, False)),
        _entry("polars by hand from Arrow, all keys", small, isolated(by_hand, small, True)),
        _entry("ours, all keys", small, isolated(ours, small)),
    ]
    _agree(entries[-3:])
    large = rows * LARGE
    with tempfile.TemporaryDirectory() as folder:
        isolated(write_parquet, large, folder)
        entries.append(_entry("ours, from Parquet", large, isolated(from_parquet, large, folder)))
        found = isolated(from_parquet, large, folder, True)
        entries.append(_entry("ours, from Parquet, two findings per row", large, found))
    return Benchmark(
        "rules",
        "10 rules on 20 columns, one row in a thousand broken per rule",
        "Checking only: imports and making the data are not counted; the cheapest of three runs, one of Great"
        " Expectations. All contenders count the same failures; ours and polars name every one by its key."
        f" {_limits(entries, rows, small)}",
        tuple(entries),
    )


def _entry(contender: str, rows: int, outcome: tuple[Figures, dict[str, int], int]) -> Entry:
    figures, counts, named = outcome
    return Entry(f"{contender} ({named:,} of {sum(counts.values()):,} named)", rows, figures, counts)


def _agree(entries: list[Entry]) -> None:
    if any(entry.result != entries[0].result for entry in entries):
        raise AssertionError(f"the engines disagree: {[entry.result for entry in entries]}")


def _limits(entries: list[Entry], rows: int, small: int) -> str:
    """The goals as ratios of this run."""
    cpu = {(entry.contender.partition(" (")[0], entry.rows): entry.figures.cpu for entry in entries}
    mine, hand = cpu["ours, all keys", rows], cpu["polars by hand, all keys", rows]
    cheapest_gx = min(told for (name, _), told in cpu.items() if name.startswith("Great"))
    of_small = cpu["ours, all keys", small]
    return (
        f"Ours takes {mine / hand:.2f} times the CPU of the polars pass at {rows:,} rows"
        f" ({mine / cpu['polars by hand from Arrow, all keys', rows]:.2f} if polars starts from the same Arrow table)"
        " and"
        f" {of_small / cpu['polars by hand, all keys', small]:.2f} times at {small:,}"
        f" ({of_small / cpu['polars by hand from Arrow, all keys', small]:.2f}); Great Expectations takes at least"
        f" {cheapest_gx / mine:.1f} times ours; fifty rules take {cpu['ours, fifty rules', rows] / mine:.1f} times ten."
    )
