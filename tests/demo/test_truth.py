"""Every line of truth points to a place that really holds the dirty value."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from openpyxl.utils.cell import column_index_from_string, coordinate_from_string

from examples.demo_factory import truth
from examples.demo_factory.build import ERP, MES, TRUTH, WORKBOOKS
from examples.demo_factory.erp_tables import columns
from examples.demo_factory.mes_tables import MES_TABLES
from schemas.loader import contracts, mappings
from tests.demo.contents import sheets, tables

Lines = list[dict[str, Any]]


@pytest.fixture(scope="module")
def lines(world_folder: Path) -> Lines:
    return list(truth.read(world_folder / TRUTH))


def errors(lines: Lines, system: str) -> Lines:
    return [line for line in lines if line["type"] == "error" and line["dataset"].startswith(f"{system}.")]


def as_text(value: Any) -> str | None:
    if value is None or value == "":
        return None
    if isinstance(value, datetime):
        return value.date().isoformat()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


@pytest.mark.parametrize(("system", "file"), [("k3", ERP), ("mes", MES)])
def test_database_values(lines: Lines, world_folder: Path, system: str, file: str) -> None:
    rows: dict[tuple[str, tuple[Any, ...]], tuple[Any, ...]] = {}
    names: dict[str, list[str]] = {}
    for table, content in tables(world_folder / file).items():
        names[table] = list(columns(table)) if system == "k3" else MES_TABLES[table].columns
        width = 2 if table in ("ICBOMChild", "SEOrderEntry") else 1
        rows |= {(table, row[:width]): row for row in content}
    checked = errors(lines, system)
    assert len(checked) > 1000
    for line in checked:
        row = rows[line["table"], tuple(line["key"].values())]
        assert as_text(row[names[line["table"]].index(line["table_column"])]) == line["dirty"], line
        assert line["dirty"] != line["true"]


def test_workbook_values(lines: Lines, world_folder: Path) -> None:
    content = cache(lambda file: sheets(world_folder / WORKBOOKS / file))
    checked = errors(lines, "workbooks")
    assert len(checked) > 1000
    for line in checked:
        letter, row = coordinate_from_string(line["cell"])
        cells = content(line["file"])[line["sheet"]][row - 1]
        assert as_text(cells[column_index_from_string(letter) - 1]) == line["dirty"], line


def test_source_keys_are_those_of_the_rows(lines: Lines, world_folder: Path) -> None:
    """A workbook line's key is the text in the key column of its own row, but for repeats."""
    content = cache(lambda file: sheets(world_folder / WORKBOOKS / file))
    for line in errors(lines, "workbooks"):
        _, row = coordinate_from_string(line["cell"])
        first = as_text(content(line["file"])[line["sheet"]][row - 1][0]) or ""
        assert line["source_key"].split("|")[0].split("#")[0] == first.strip(), line


def test_true_records_are_told_once_for_every_row(lines: Lines, world_folder: Path) -> None:
    keys: dict[str, set[str]] = defaultdict(set)
    for line in lines:
        if line["type"] == "entity":
            assert line["source_key"] not in keys[line["dataset"]]
            keys[line["dataset"]].add(line["source_key"])
    erp, mes = tables(world_folder / ERP), tables(world_folder / MES)
    assert keys["k3.customer"] == {str(row[0]) for row in erp["t_Organization"]}
    assert keys["k3.supplier"] == {str(row[0]) for row in erp["t_Supplier"]}
    assert keys["k3.material"] == {str(row[0]) for row in erp["t_ICItem"]}
    for name in ("customer", "supplier", "material"):
        assert keys[f"mes.{name}"] == {str(row[0]) for row in mes[name]}
    assert set(keys) >= {"workbooks.customer_list", "workbooks.supplier_list", "workbooks.outsourcing_supplier"}


def test_columns_are_those_the_hub_reads(lines: Lines) -> None:
    known = {name: {column.source for column in mapping.columns} for name, mapping in mappings().items()}
    for line in lines:
        if line["type"] == "error":
            assert line["column"] in known[line["dataset"]], line


def test_accepted_places_exist(lines: Lines, world_folder: Path) -> None:
    mes = tables(world_folder / MES)
    ids = {f"mes.{name}": {str(row[0]) for row in rows} for name, rows in mes.items()}
    for line in lines:
        for dataset, key in line.get("accept", ()):
            assert dataset not in ids or key in ids[dataset], line


def test_kinds_name_rules_that_exist() -> None:
    rules = [rule.id for contract in contracts().values() for rule in contract.rules]
    for kind, facts in truth.kinds().items():
        assert facts["class"] in ("error", "fixable", "suggest", "match", "reject")
        assert ("suggestions" in facts) == (facts["class"] == "suggest"), kind
        assert ("rules" in facts) or facts["class"] != "error", kind
        for pattern in facts.get("rules", ()):
            assert any(fnmatchcase(rule, pattern) for rule in rules), f"{kind}: no rule {pattern}"
