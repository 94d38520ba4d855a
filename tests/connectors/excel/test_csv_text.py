"""CSV: encodings, delimiters, quotes; everything stays the text it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from connectors.excel import sandbox
from schemas.problems import Problem
from tests.connectors.excel.making import PARTS, cells_of, notes_of, rows_of

TEXT = "编码,名称,单价\n00123,轴承,12.50\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16"])
def test_encodings(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(TEXT.encode(encoding))
    assert cells_of(path) == {
        "A1": "编码",
        "B1": "名称",
        "C1": "单价",
        "A2": "00123",
        "B2": "轴承",
        "C2": "12.50",
    }


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiters(tmp_path: Path, delimiter: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f'编码{delimiter}名称\n1{delimiter}"a{delimiter}b\nc"\n', encoding="utf-8")
    assert cells_of(path)["B2"] == f"a{delimiter}b\nc"


def test_the_delimiter_line_of_excel_is_no_data(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("sep=;\n编码;名称\n1;a\n", encoding="utf-8")
    assert cells_of(path) == {"A2": "编码", "B2": "名称", "A3": "1", "B3": "a"}


def test_an_unclosed_quote_swallows_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    lines = "".join(f"{number},名{number}\n" for number in range(9000))
    path.write_text('编码,名称\n0,"5 寸\n' + lines, encoding="utf-8")
    cells = cells_of(path)
    assert cells["B2"] == '"5 寸'
    assert cells["A9002"] == "8999"


def test_text_that_is_no_text(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes("编码\n".encode() + b"\xff\xff\xff\n")
    with pytest.raises(Problem) as caught:
        sandbox.read_workbook(path, "a.csv")
    assert caught.value.code == "workbook_text_damaged"
    assert caught.value.params["line"] == 2


def test_rows_and_notes(tmp_path: Path) -> None:
    path = tmp_path / "零件.csv"
    path.write_bytes(TEXT.encode("gbk"))
    assert rows_of(path, PARTS) == [
        {"编码": "00123", "名称": "轴承", "单价": "12.50", "日期": None, "_key": "00123", "_row_no": 2}
    ]
    assert notes_of(path)["note_encoding"] == {"encoding": "GB18030", "delimiter": ","}
