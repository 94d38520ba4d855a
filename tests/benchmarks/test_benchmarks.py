"""The benchmarks compare like with like: contenders on few rows come to the same result. Never a time."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks import docs, erp, report, rules, rules_data, workbook
from benchmarks.__main__ import main
from benchmarks.measure import Figures, Meter, isolated

ROWS = 2000


def _burn() -> Figures:
    with Meter() as meter:
        sum(number * number for number in range(2_000_000))
    return meter.figures


def test_rules_find_exactly_what_was_planted() -> None:
    done = rules.run(ROWS)
    planted = {rule: len(keys) for rule, keys in rules_data.make(ROWS)[1].items()}
    assert [entry.result for entry in done.entries if entry.rows == ROWS][:6] == [dict(sorted(planted.items()))] * 6
    failures = sum(planted.values())
    for entry in done.entries[:4]:
        assert f"({failures} of {failures} named)" in entry.contender
    large = done.entries[-2:]
    assert [entry.rows for entry in large] == [ROWS * rules.LARGE] * 2
    assert sum(large[1].result.values()) > 2 * ROWS * rules.LARGE


def test_data_docs_show_the_same_rules_whatever_the_rows() -> None:
    few, many = docs.run(ROWS).entries
    assert few.result == many.result > len(docs.DATASETS)
    assert (few.rows, many.rows) == (10, ROWS)


def test_readers_see_the_same_values() -> None:
    done = workbook.run(ROWS)
    assert done.entries[2].result == done.entries[3].result
    assert str(done.entries[2].result).startswith(f"{ROWS} rows ")
    assert done.entries[0].result == done.entries[1].result or "bytes" in done.entries[0].result


def test_every_way_carries_the_same_rows() -> None:
    done = erp.run(ROWS)
    full = [entry for entry in done.entries if "1 %" not in entry.contender and "both" not in entry.contender]
    assert {entry.result for entry in full} == {done.entries[0].result}
    assert done.entries[0].result[0] == ROWS
    assert len(done.entries) >= 10


def test_the_meter_sees_the_work_of_another_process() -> None:
    figures = isolated(_burn)
    assert figures.cpu > 0
    assert figures.peak_mb > 5


def test_an_error_in_a_contender_is_an_error_of_the_benchmark() -> None:
    with pytest.raises(ZeroDivisionError):
        isolated(divmod, 1, 0)


def test_results_are_printed_with_ratios_and_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["workbook", "--rows", "50", "--out", str(tmp_path)]) == 0
    kept = json.loads((tmp_path / "results.json").read_text(encoding="utf-8"))
    assert [entry["rows"] for entry in kept["benchmarks"][0]["entries"]][:6] == [50] * 6
    assert "openpyxl" in (tmp_path / "results.md").read_text(encoding="utf-8")
    assert "Workbook of 20 columns" in capsys.readouterr().out


def test_ratios_are_per_row_to_the_first_line() -> None:
    entries = (
        report.Entry("limit", 10, Figures(1.0, 1.0, 1.0), None),
        report.Entry("ours", 20, Figures(4.0, 1.0, 1.0), None),
    )
    assert [line[-1] for line in report.Benchmark("b", "t", "n", entries).lines()] == ["1.0", "2.0"]
