"""What an .xlsb shows is what lands: formats, errors, hidden rows and columns, filters, at exact addresses."""

from __future__ import annotations

import struct
from pathlib import Path

from connectors.excel.filetypes import cells
from connectors.excel.safety import sandbox
from tests.connectors.excel import xlsb_book as book
from tests.connectors.excel.making import cells_of, notes_of, rows_of

HEAD = book.row(3, book.text(1, "编码"), book.text(2, "名称"), book.text(3, "单价"), book.text(4, "日期"))
ROWS = (
    HEAD
    + book.row(4, book.packed(1, 123, 1), book.text(2, "00045"), book.real(3, 0.1234, 2), book.real(4, 45000, 3))
    + book.row(5, book.packed(1, 7, 5), book.error(2, 0x2A), book.formula(3, 8), book.real(4, 1.25, 4), hidden=True)
    + book.row(6, book.real(1, 1.1010119900307e17), book.boolean(2, True), book.packed(3, -5))
)
FILTER = [(161, struct.pack("<IIII", 2, 5, 1, 4)), (163, struct.pack("<IH", 0, 0)), (164, b""), (162, b"")]
MERGE = [(177, struct.pack("<I", 1)), (176, struct.pack("<IIII", 5, 6, 1, 1)), (178, b"")]
AFTER = b"".join(book.record(*entry) for entry in (*FILTER, *MERGE))
COLUMNS = book.record(390) + book.record(60, struct.pack("<IIIIH", 5, 6, 9, 0, 1)) + book.record(391)


def workbook(path: Path) -> Path:
    return book.write(path, ROWS, 6, 5, AFTER, COLUMNS)


def test_cells(tmp_path: Path) -> None:
    assert cells_of(workbook(tmp_path / "a.xlsb")) == {
        "B3": "编码", "C3": "名称", "D3": "单价", "E3": "日期",
        "B4": "00123", "C4": "00045", "D4": "12.34%", "E4": "2023-03-15",
        "B5": "7", "C5": "#N/A", "D5": "8", "E5": "30:00:00",
        "B6": "110101199003070000", "C6": "TRUE", "D6": "-5",
    }  # fmt: skip


def test_what_is_around_the_cells(tmp_path: Path) -> None:
    sheet = sandbox.read_workbook(workbook(tmp_path / "a.xlsb"), "a.xlsb").sheets[0]
    assert (sheet.hidden_rows, sheet.hidden_columns) == ((5,), ((6, 7),))
    assert (6, 2, 7, 2) in sheet.merges
    assert sheet.filters == ((3, 2, 6, 5),)
    assert (sheet.errors["cells"], sheet.long_numbers["cells"]) == (["C5"], ["B6"])
    table = sheet.cells.to_pylist()
    kinds = {cells.address(cell["row"], cell["column"]): cell["kind"] & 15 for cell in table}
    assert (kinds["C4"], kinds["B4"], kinds["E4"]) == (cells.TEXT, cells.NUMBER, cells.DATE)
    assert (kinds["C5"], kinds["C6"]) == (cells.ERROR, cells.BOOLEAN)


def test_rows_and_notes(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsb")
    assert [(row["编码"], row["名称"]) for row in rows_of(path)] == [
        ("00123", "00045"),
        ("P007", "#N/A"),
        ("1.1010119900307E+17", "TRUE"),
    ]
    assert notes_of(path)["note_filtered_rows"] == {"count": 1, "rows": "5"}


def test_a_total_that_only_its_formula_tells(tmp_path: Path) -> None:
    rows = ROWS + book.row(7, book.total(3, 1, 4, 6))
    path = book.write(tmp_path / "a.xlsb", rows, 7, 5)
    assert len(rows_of(path)) == 3
    assert notes_of(path)["note_totals"] == {"count": 1, "rows": "7"}
