"""Every row below a header is loaded, rejected with a reason, or named in a note, whatever its cells say."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.base import Page
from schemas.model import Template, TemplateColumn
from tests.connectors.excel.making import PARTS, pages_of, rows_of, save

WIDE = replace(
    PARTS,
    key=("编码",),
    columns=(
        TemplateColumn("编码"),
        *(TemplateColumn(f"{word}{number}") for word in ("名称", "说明", "数量") for number in range(1, 7)),
        TemplateColumn("日期"),
    ),
)
FEW: list[Any] = ["编码", "名称1", "说明1"]


def accounted(pages: list[Page]) -> dict[int, str]:
    """Row number -> what became of it; no row twice."""
    found: dict[int, str] = {}

    def add(row: int, what: str) -> None:
        assert row not in found, f"row {row}: {found[row]} and {what}"
        found[row] = what

    for page in pages:
        for row in page.rows["_row_no"].to_pylist():
            add(row, "data")
        for line in page.rejected.to_pylist():
            add(line["_row_no"], line["reason"])
    assert pages[0].file is not None
    for note in pages[0].file.notes:
        if note.code == "note_part":
            add(int(str(note.params["row"])), "header")
        elif note.code == "note_unread_rows":
            for first, last in re.findall(r"(\d+)(?:-(\d+))?", str(note.params["rows"])):
                for row in range(int(first), int(last or first) + 1):
                    found.setdefault(row, "unread")
    return found


@pytest.mark.parametrize(
    "line",
    [
        ["M3", "名称2", "x"],
        ["M3", "名称2", "说明1"],
        ["M3", "名称1", "说明1"],  # two cells as their own header, with a key of its own
        ["M3", "说明1", "名称1"],
        ["名称2", "M3", "x"],
        ["编码", "x", "名称2"],
        ["编码2", "名称2", "说明2"],
        ["名称22", "名称", "说明"],
        ["名称3", "名称2", "说明4"],
        [None, "名称2", "说明3"],
    ],
)
@pytest.mark.parametrize("header", [FEW, [*FEW, "车间", "班组"], [c.source for c in WIDE.columns]])
@pytest.mark.parametrize("before", [0, 60])
def test_a_record_that_names_columns_is_a_record(
    tmp_path: Path, line: list[Any], header: list[Any], before: int
) -> None:
    rest = [f"v{place}" for place in range(len(header) - 3)]
    rows: list[list[Any]] = [[f"A{n}", "n", "s", *rest] for n in range(before)] + [
        ["M1", "a", "b", *rest],
        [*line, *rest],
    ]
    rows.append(["M4", "c", "d", *rest])
    path = save(tmp_path / "a.xlsx", [header, *rows])
    read = rows_of(path, WIDE)
    assert [row["_row_no"] for row in read] == list(range(2, len(rows) + 2))
    at = read[-2]
    places = [at["编码"], at["名称1"], at["说明1"] if header[2] == "说明1" else at["名称2"]]
    assert places == line


def test_many_records_that_name_columns(tmp_path: Path) -> None:
    lines: list[list[Any]] = [[f"M{n}", f"名称{n % 7}", f"说明{n % 9}"] for n in range(3000)]
    path = save(tmp_path / "a.xlsx", [["零件表"], FEW, *lines])
    read = rows_of(path, WIDE)
    assert [[row["编码"], row["名称1"], row["说明1"]] for row in read] == lines


def test_the_title_of_a_second_table_is_rejected_and_told(tmp_path: Path) -> None:
    path = save(tmp_path / "a.xlsx", [["编码", "名称"], ["A", "x"], ["二、外购"], ["名称", "编码"], ["z", "C"]])
    pages = pages_of(path)
    assert accounted(pages) == {2: "data", 3: "workbook_reject_section", 4: "header", 5: "data"}


def test_a_row_of_columns_that_are_not_read(tmp_path: Path) -> None:
    rows: list[list[Any]] = [
        ["序号", "编码", "名称"],
        [1, "A", "x"],
        [2, None, None],
        [3, "B", "y"],
        *([n, None, None] for n in (4, 5, 6)),
    ]
    path = save(tmp_path / "a.xlsx", rows)
    pages = pages_of(path)
    assert accounted(pages) == {
        2: "data", 3: "workbook_reject_unread", 4: "data", 5: "unread", 6: "unread", 7: "unread",
    }  # fmt: skip
    assert pages[0].rejected["raw"].to_pylist() == ['{"序号": "2"}']
    assert pages[0].file is not None
    told = {note.code: note.params for note in pages[0].file.notes}
    assert told["note_unread_rows"] == {"count": 4, "rows": "3, 5-7"}


def test_words_among_figures_after_a_blank_row_are_no_other_table(tmp_path: Path) -> None:
    columns = (*PARTS.columns[:2], TemplateColumn("单价"), TemplateColumn("数量"))
    head: list[Any] = ["编码", "名称", "单价", "数量"]
    rows: list[list[Any]] = [
        head,
        *([f"P{n}", f"件{n}", n, n] for n in range(5)),
        [],
        ["P9", "件9", "待定", "待定"],
        ["P10", "x", 1, 2],
    ]
    read = rows_of(save(tmp_path / "a.xlsx", rows), replace(PARTS, columns=columns))
    assert [row["编码"] for row in read][-2:] == ["P9", "P10"]


_words = st.sampled_from(
    [
        "编码",
        "名称1",
        "名称2",
        "说明1",
        "说明2",
        "数量3",
        "日期",
        "名称",
        "合计",
        "小计",
        "注：",
        "制表：王",
        "第1页",
        "x",
        "12",
        "7.5",
        " ",
    ]
)
_cell = st.one_of(st.none(), st.none(), _words, st.integers(0, 99), st.text("ab合计12", max_size=4))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    header=st.permutations(["编码", "名称1", "说明1", "数量1", "车间"]).map(lambda names: names[:4]),
    rows=st.lists(st.lists(_cell, min_size=1, max_size=4), min_size=1, max_size=25),
    everything=st.booleans(),
)
def test_no_row_of_any_sheet_vanishes(
    tmp_path: Path, header: list[Any], rows: list[list[Any]], everything: bool
) -> None:
    template: Template = replace(WIDE, all_tables=everything)
    path = save(tmp_path / "a.xlsx", [header, *rows])
    pages = pages_of(path, template)
    assert pages[0].file is not None
    found = accounted(pages)
    told = {note.code: note.params for note in pages[0].file.notes}
    first = pages[0].file.header_row
    other = int(str(told.get("note_other_table_below", {"row": len(rows) + 2})["row"]))
    filled = {
        number
        for number, line in enumerate(rows, start=2)
        if first < number < other and any(value is not None and str(value).strip() for value in line)
    }
    assert filled - found.keys() == set()
    # Only a row of nothing but names of columns (a second level), or of many, may belong to the header.
    texts = {str(value) for value in rows[first - 2] if value is not None and str(value).strip()}
    names = {column.source for column in WIDE.columns}
    assert first == 1 or texts <= names or len(texts & names) >= 3
