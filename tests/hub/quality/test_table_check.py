"""Rules over all rows of a file: pages are compared with each other, in little memory, and every finding is named."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import pyarrow as pa
import pytest

from hub.cleansing.standardise import standardise
from hub.quality import table_check
from hub.quality.engine import Run
from hub.quality.file_check import check_pages
from hub.quality.row_rules import FINDINGS_SCHEMA
from schemas.model import Mapping, Rule
from tests.hub.quality.small import CODES, contract, mapping, rows, rule


def findings(
    rules: list[Rule], pages: Iterable[pa.Table], run: Run | None = None, by: Mapping | None = None
) -> list[dict[str, Any]]:
    terms, way = contract(*rules), by or mapping()
    parts = [(standardise(page, way, terms, CODES), page) for page in pages]
    tables = list(check_pages(parts, way, terms, CODES, run or Run()))
    assert all(table.schema == FINDINGS_SCHEMA for table in tables)
    return [finding for table in tables for finding in table.to_pylist()]


def keyed(page: pa.Table, first: int) -> pa.Table:
    """The page with keys and row numbers that go on from `first`."""
    size = page.num_rows
    numbered = {"_key": [f"k{first + n}" for n in range(size)], "_row_no": range(first + 1, first + size + 1)}
    for name, values in numbered.items():
        page = page.set_column(page.column_names.index(name), name, pa.array(values))
    return page


def test_a_value_on_two_pages_is_found_twice_with_what_stands_in_the_file() -> None:
    pages = [rows(material_code=["A1", "B1", None, None]), keyed(rows(material_code=["C1", " A1"]), 50_001)]
    found = findings([rule("unique", columns=["material_code"], hold=True)], pages)
    assert [(one["_key"], one["_row_no"], one["value"], one["hold"]) for one in found] == [
        ("k1", 2, "A1", True),
        ("k50002", 50_003, " A1", True),
    ]
    assert {(one["column"], one["source_column"], one["rule"]) for one in found} == {
        ("material_code", "material_code", "material.unique")
    }
    assert json.loads(found[0]["detail"]) == {"count": 2, "keys": ["k1", "k50002"], "rows": [2, 50_003]}


@pytest.mark.parametrize("memory", [table_check.MEMORY_BYTES, 0])
def test_pages_in_memory_and_in_files_are_judged_alike(memory: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table_check, "MEMORY_BYTES", memory)
    names = ["轴承", "轴承", "軸承", None, "法兰", "法兰座"]
    pages = [
        keyed(rows(material_code=[f"M{n % 2}"], material_name=[name], qty=[str(n)], unit_code=["KG"]), n + 1)
        for n, name in enumerate(names)
    ]
    rules = [
        rule("determines", "material_name", by=["material_code"], where="qty < 5"),
        rule("unique", columns=["unit_code", "start_date"], name="twice", where="qty > 3"),
    ]
    found = findings(rules, pages)
    assert [(one["rule"], one["_key"], one["value"]) for one in found] == [
        ("material.determines", "k1", "轴承"),
        ("material.determines", "k3", "軸承"),
        ("material.determines", "k5", "法兰"),
        ("material.twice", "k5", "KG"),
        ("material.twice", "k6", "KG"),
    ]


def test_a_majority_is_told_and_suggested() -> None:
    page = rows(material_code=["M1"] * 4, material_name=["轴承", "轴承", "轴 承", None])
    (found,) = findings([rule("determines", "material_name", by=["material_code"])], [page])
    assert (found["_key"], found["value"]) == ("k3", "轴 承")
    assert json.loads(found["detail"]) == {
        "key": {"zh": "物料编码", "en": "Material code"},
        "agree": [{"value": "轴承", "count": 2}, {"value": "轴 承", "count": 1}],
        "suggestion": "轴承",
    }
    assert findings([rule("determines", "material_name", by=["material_code"], ignoring=["spacing"])], [page]) == []


def test_an_outlier_is_far_from_the_median_of_its_group() -> None:
    page = rows(qty=[*map(str, range(90, 110)), "5000", "7"], unit_code=["KG"] * 21 + ["M"])
    (found,) = findings([rule("outlier", "qty", by=["unit_code"])], [page])
    assert (found["_key"], found["value"]) == ("k21", "5000")
    # Median of 90..109 and 5000: 100; median distance 5; so 3.5 * 5 / 0.6745 = 25.945145 to each side.
    assert json.loads(found["detail"]) == {
        "median": "100", "low": "74.054855", "high": "125.945145", "size": 21, "deviation": "661",
    }  # fmt: skip


def test_where_most_values_are_equal_the_mean_distance_decides() -> None:
    equal = ["10"] * 30
    assert findings([rule("outlier", "qty")], [rows(qty=equal)]) == []
    (found,) = findings([rule("outlier", "qty")], [rows(qty=[*equal, "11"])])
    assert found["value"] == "11"
    assert findings([rule("outlier", "qty")], [rows(qty=["1", "1000000"])]) == []


@pytest.mark.parametrize(
    ("ignoring", "same"),
    [
        (["width"], ["A-1", "Ａ－１"]),
        (["case"], ["A-1", "a-1"]),
        (["spacing"], ["A-1", "A -1"]),
        (["punctuation"], ["A-1", "A/1", "A1", "A，1"]),
        (["width", "case", "spacing", "punctuation"], ["A-1", "ａ　1", "A。1"]),
    ],
)
def test_what_is_ignored_makes_no_difference(ignoring: list[str], same: list[str]) -> None:
    found = findings([rule("unique", columns=["spec"], ignoring=ignoring)], [rows(spec=[*same, "A-2", "B-1"])])
    assert [one["value"] for one in found] == same


def test_a_rule_that_cannot_run_leaves_the_others() -> None:
    rules = [
        rule("unique", columns=["material_code"], name="broken", where="qty / scrap_qty > 0"),
        rule("unique", columns=["material_code"], name="unknown", where="no_such_column > 0"),
        rule("unique", columns=["material_code"]),
    ]
    run = Run()
    found = findings(rules, [rows(material_code=["A1", "A1"], qty=["1", "2"], scrap_qty=["0", "1"])], run)
    assert [one["rule"] for one in found] == ["material.unique"] * 2
    assert {name: problem.code for name, problem in run.broken.items()} == {
        "material.broken": "rule_cannot_run",
        "material.unknown": "rule_condition_unfit",
    }


def test_a_rule_whose_columns_have_no_source_says_nothing() -> None:
    narrow = mapping()
    narrow = Mapping(narrow.dataset, narrow.entity, narrow.department, narrow.columns[:1])
    rules = [rule("determines", "material_name", by=["material_code"]), rule("outlier", "qty", at_least=1)]
    assert findings(rules, [rows(material_code=["A1", "A1"])], by=narrow) == []


def test_hundreds_of_thousands_of_findings_are_counted_fully_and_come_in_parts() -> None:
    size, pages = 60_000, 5
    terms, way = contract(rule("required", "qty"), rule("unique", columns=["material_code"])), mapping()
    page = rows(material_code=["A1"] * size)
    parts = ((standardise(told, way, terms, CODES), told) for told in (keyed(page, n * size) for n in range(pages)))
    counts: dict[str, int] = {}
    keys = set()
    largest = 0
    for table in check_pages(parts, way, terms, CODES, Run()):
        largest = max(largest, table.num_rows)
        for name in table["rule"].unique().to_pylist():
            counts[name] = counts.get(name, 0) + table.num_rows
        keys.update(table["_key"].to_pylist())
    assert counts == {"material.required": size * pages, "material.unique": size * pages}
    assert len(keys) == size * pages
    assert largest <= table_check.BATCH_ROWS + 2048
