"""The rule authors' guide as a program: its examples loaded by the loader, its tables run by the engines.

Belongs here: finding examples in docs/rules.md, a copy of the contracts with them in, what the engines say about
their rows. Does not belong here: tests.

A section is `### kind`. In it, ```yaml rule=<entity>[.<column>] is an entry of `quality`; the tables up to the next
such block are its rows. A column `verdict` says fails or passes, a column `a person reads` has the sentence in Chinese
and, behind <br>, in English; … in it stands for anything. Rules over several datasets have a line with the dataset's
name above each table.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psycopg
import pyarrow as pa
import sqlalchemy as sa
import yaml
from psycopg.rows import dict_row

from connectors.base import KEY, ROW_NO
from hub.cleansing.standardise import standardise
from hub.quality.engine import Run
from hub.quality.file_check import check_pages
from hub.quality.sentences import sentence
from hub.quality.set_rules import run_set_rules
from hub.quality.systems import Systems
from hub.settings import PROJECT
from hub.store.core_tables import ensure_core_tables
from hub.store.models import SCHEMAS, Base
from schemas.loader import code_lists, contracts, mappings
from schemas.model import ColumnMapping, Contract, Mapping, Rule

GUIDE = PROJECT / "docs" / "rules.md"
VERDICT, SENTENCE = "verdict", "a person reads"
SYSTEMS = Systems({"k3": "erp", "mes": "mes", "workbooks": "excel"})
# What the tables of rules about a dataset as a whole are about: not rows, but what the store remembers.
NEWEST, WAITING, BEFORE, NOW = "newest load", "changes that wait", "rows of the days before", "rows now"
_SECTION = re.compile(r"^### `(\w+)`\n(.*?)(?=^##|\Z)", re.MULTILINE | re.DOTALL)
_EXAMPLE = re.compile(r"^```yaml rule=(\S+)\n(.*?)^```\n(.*?)(?=^```yaml rule=|\Z)", re.MULTILINE | re.DOTALL)
_TABLE = re.compile(r"(?:^`([\w.]+)`[^\n]*\n\n)?((?:^\|[^\n]*\n)+)", re.MULTILINE)


@dataclass(frozen=True)
class Line:
    """cells: as written, None if blank. fails: None in a table without verdicts. reads: the printed sentences."""

    cells: dict[str, str | None]
    fails: bool | None
    reads: str


@dataclass(frozen=True)
class Table:
    dataset: str
    lines: list[Line]


@dataclass(frozen=True)
class Example:
    kind: str
    entity: str
    column: str | None
    yaml: str
    tables: list[Table]

    @property
    def name(self) -> str:
        return f"{self.entity}.{yaml.safe_load(self.yaml)[0]['id']}"


Verdict = tuple[bool, dict[str, str]]  # whether the row fails, and the sentences by language


def sections() -> dict[str, str]:
    """{kind: the text of its section}."""
    return dict(_SECTION.findall(GUIDE.read_text(encoding="utf-8")))


def examples() -> list[Example]:
    """Every example of the guide, in order."""
    return [
        Example(kind, entity, column or None, entry, list(_tables(rest)))
        for kind, text in sections().items()
        for where, entry, rest in _EXAMPLE.findall(text)
        for entity, _, column in [where.partition(".")]
    ]


def _tables(text: str) -> Iterator[Table]:
    for dataset, block in _TABLE.findall(text):
        head, _, *body = [[_cell(cell) for cell in line.strip().strip("|").split("|")] for line in block.splitlines()]
        names = [str(name) for name in head]
        told = [dict(zip(names, line, strict=True)) for line in body]
        yield Table(dataset, [_line(cells) for cells in told])


def _line(cells: dict[str, str | None]) -> Line:
    verdict, reads = cells.pop(VERDICT, None), cells.pop(SENTENCE, None)
    assert verdict in {None, "fails", "passes"}, verdict
    return Line(cells, None if verdict is None else verdict == "fails", reads or "")


def _cell(text: str) -> str | None:
    text = text.strip()
    quoted = re.fullmatch(r"`([^`]*)`", text)
    return quoted[1] if quoted else text or None


def with_examples(folder: Path) -> dict[str, Contract]:
    """The contracts of a copy of schemas/ into which all examples were written, as the loader reads them."""
    for part in ("contracts", "codes"):
        shutil.copytree(PROJECT / "schemas" / part, folder / part)
    for example in examples():
        path = folder / "contracts" / f"{example.entity}.odcs.yaml"
        path.write_text(_inserted(path.read_text(encoding="utf-8"), example), encoding="utf-8")
    return contracts(folder)


def _inserted(contract: str, example: Example) -> str:
    """The contract with the example at the end of the right list of rules, or in place of the rule of that id."""
    margin = 10 if example.column else 6
    entry = re.sub(r"^", " " * margin, example.yaml.rstrip("\n"), flags=re.MULTILINE) + "\n"
    name = example.name.partition(".")[2]
    known = re.compile(rf"^ {{{margin}}}- id: {name}\n(?: {{{margin + 1},}}.*\n)*", re.MULTILINE)
    if known.search(contract):
        return known.sub(lambda _: entry, contract, count=1)
    head = f"\n      - name: {example.column}\n" if example.column else "\n    quality:\n"
    start = contract.index(head) + 1
    following = re.compile(rf"^ {{0,{margin - 4}}}\S", re.MULTILINE).search(contract, contract.index("\n", start) + 1)
    end = following.start() if following else len(contract)
    if example.column and "        quality:\n" not in contract[start:end]:
        entry = "        quality:\n" + entry
    return contract[:end] + entry + contract[end:]


def of_file(example: Example, contract: Contract) -> list[Verdict]:
    """What the engine says about rows of a file, in their order: rules of rows and of one table."""
    [table] = example.tables
    rule, alone = _alone(example, contract)
    names = list(table.lines[0].cells)
    mapping = Mapping("workbooks.guide", example.entity, "engineering", tuple(ColumnMapping(n, n) for n in names))
    size = len(table.lines)
    page = pa.table(
        {
            KEY: [f"{number}" for number in range(1, size + 1)],
            ROW_NO: pa.array(range(2, size + 2), pa.int64()),  # row 1 of the sheet is the header
            **{name: pa.array([line.cells[name] for line in table.lines], pa.string()) for name in names},
        }
    )
    run = Run()
    standard = standardise(page, mapping, alone, code_lists())
    found = {
        row[ROW_NO] - 2: row
        for findings in check_pages([(standard, page)], mapping, alone, code_lists(), run)
        for row in findings.to_pylist()
    }
    assert not run.broken, run.broken
    return [
        _verdict(rule, alone, found.get(number), lambda text: json.loads(text) if text else None)
        for number in range(size)
    ]


def _alone(example: Example, contract: Contract) -> tuple[Rule, Contract]:
    [rule] = [rule for rule in contract.rules if rule.id == example.name]
    assert rule.kind == example.kind
    return rule, replace(contract, rules=(rule,))


def _verdict(rule: Rule, contract: Contract, found: dict[str, Any] | None, read: Any) -> Verdict:
    if found is None:
        return False, {}
    name = rule.column or found.get("column") or None
    title = contract.column(name).title if name else contract.title
    detail = read(found["detail"])
    return True, {
        "zh": sentence(rule, title.zh, found["value"], detail, None, None, "zh"),
        "en": sentence(rule, title.en, found["value"], detail, None, None, "en"),
    }


@contextmanager
def guide_store(url: str, known: dict[str, Contract]) -> Iterator[psycopg.Connection[Any]]:
    """An empty store with the tables of these contracts; nothing in it is committed."""
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        for schema in SCHEMAS:
            connection.execute(sa.schema.CreateSchema(schema))
        Base.metadata.create_all(connection)
    engine.dispose()
    with psycopg.connect(url.replace("+psycopg", ""), row_factory=dict_row) as store:
        ensure_core_tables(store, known.values())
        store.commit()
        yield store
        store.rollback()


def of_store(example: Example, known: dict[str, Contract], store: psycopg.Connection[Any]) -> list[Verdict]:
    """What the store says about the rows of all tables that have verdicts, in their order."""
    rule, alone = _alone(example, known[example.entity])
    if rule.scope == "dataset":
        return [_of_dataset(rule, alone, known, store, line) for line in example.tables[0].lines]
    for table in example.tables:
        for number, line in enumerate(table.lines, 1):
            _put(store, table.dataset, str(number), line.cells)
    found = _found(rule, alone, known, store)
    store.rollback()
    return [
        _verdict(rule, alone, found.get((table.dataset, str(number))), lambda detail: detail)
        for table in example.tables
        for number, line in enumerate(table.lines, 1)
        if line.fails is not None
    ]


def _put(store: psycopg.Connection[Any], dataset: str, key: str, cells: dict[str, str | None]) -> None:
    entity = mappings()[dataset].entity
    store.execute(
        f"insert into core.{entity} (_dataset, _source_key, _plant, _row_hash, _load_id, {', '.join(cells)})"
        f" values (%s, %s, 'P1', gen_random_uuid(), 1{', %s' * len(cells)})".encode(),
        [dataset, key, *cells.values()],
    )


def _found(
    rule: Rule, alone: Contract, known: dict[str, Contract], store: psycopg.Connection[Any]
) -> dict[tuple[str, str], dict[str, Any]]:
    others = {name: replace(contract, rules=()) for name, contract in known.items()}
    problems = run_set_rules(store, {**others, rule.entity: alone}, mappings(), 1, SYSTEMS, code_lists())
    assert not problems, problems
    rows = store.execute("select * from quality.finding where resolved_at is null").fetchall()
    return {(row["dataset"], row["source_key"]): row for row in rows}


def _of_dataset(
    rule: Rule, alone: Contract, known: dict[str, Contract], store: psycopg.Connection[Any], line: Line
) -> Verdict:
    dataset = min(name for name, mapping in mappings().items() if mapping.entity == rule.entity)
    for name, told in line.cells.items():
        _REMEMBERED[name](store, dataset, told or "")
    found = _found(rule, alone, known, store)
    store.rollback()
    return _verdict(rule, alone, found.get((dataset, "")), lambda detail: detail)


def _loads(store: psycopg.Connection[Any], dataset: str, told: str) -> None:
    hours = re.match(r"(\d+) hours ago", told)
    store.execute(
        "insert into ops.load (run_id, system, dataset, entity, epoch, rules, status, kind, rows_read, finished_at)"
        " values ('r', 's', %s, 'e', 1, '', %s, 'read', 1, now() - %s * interval '1 hour')",
        [dataset, "ok" if hours else "failed", int(hours[1]) if hours else 1],
    )


def _days(store: psycopg.Connection[Any], dataset: str, told: str) -> None:
    for ago, rows in enumerate(re.findall(r"\d+", told), 1):
        store.execute(
            "insert into mart.dataset_day (day, dataset, entity, department, state, rows_loaded, rows_held,"
            " rows_rejected, findings, opened) values"
            " ((now() at time zone 'Asia/Shanghai')::date - %s, %s, 'e', 'd', 'read', %s, 0, 0, 0, 0)",
            [ago, dataset, int(rows)],
        )


def _rows(store: psycopg.Connection[Any], dataset: str, told: str) -> None:
    for number in range(int(told)):
        _put(store, dataset, str(number), {f"{mappings()[dataset].entity}_code": str(number)})


def _changes(store: psycopg.Connection[Any], dataset: str, told: str) -> None:
    for column in re.findall(r"t\.\w+", told):
        store.execute(
            "insert into ops.schema_change (dataset, kind, column_name, used, status, load_id)"
            " values (%s, 'dropped', %s, true, 'waiting', 1)",
            [dataset, column],
        )


_REMEMBERED = {NEWEST: _loads, BEFORE: _days, NOW: _rows, WAITING: _changes}
