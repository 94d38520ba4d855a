"""Files made to harm, damaged files, and files that are something else: one Problem each, never a crash."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from connectors.excel.safety import readers, sandbox
from schemas.problems import Problem
from tests.connectors.excel.making import MAIN, cells_of, package, save, sheet_xml

Make = Callable[[Path], object]


def _entity_bomb(path: Path) -> None:
    entities = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10 if n else "boom"}">' for n in range(10))
    sheet = f"<!DOCTYPE x [{entities}]>" + sheet_xml('<row r="1"><c r="A1" t="str"><v>&a9;</v></c></row>')
    package(path, sheet)


def _doctype_in_content_types(path: Path) -> None:
    package(path, sheet_xml(""), **{"[Content_Types].xml": '<!DOCTYPE Types SYSTEM "http://127.0.0.1/x"><Types/>'})


def _lying_size(path: Path) -> None:
    package(path, sheet_xml('<row r="1"><c r="A1"><v>1</v></c></row>'))
    data = path.read_bytes()
    start = data.rindex(b"PK\x01\x02")  # the sheet's entry in the directory: claim 9 bytes
    path.write_bytes(data[: start + 24] + struct.pack("<I", 9) + data[start + 28 :])


def _overlap(path: Path) -> None:
    """Two directory entries that share the same bytes."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("b.xml", "<x/>")
        archive.filelist[1].header_offset = archive.filelist[0].header_offset


def _encrypted_zip(path: Path) -> None:
    package(path, sheet_xml(""))
    data = bytearray(path.read_bytes())
    start = data.index(b"PK\x01\x02")
    data[start + 8] |= 1
    path.write_bytes(bytes(data))


def _truncated(path: Path) -> None:
    save(path, [["a"]])
    path.write_bytes(path.read_bytes()[:-200])


def _broken_xml(path: Path) -> None:
    package(path, sheet_xml('<row r="1"><c r="A1"><v>1</v></row>'))


def _word(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("word/document.xml", "<x/>")


HOSTILE: dict[str, tuple[Make, str]] = {
    "entity bomb": (_entity_bomb, "workbook_suspicious"),
    "doctype": (_doctype_in_content_types, "workbook_suspicious"),
    "row number": (
        lambda p: package(p, sheet_xml('<row r="99999999999"><c><v>1</v></c></row>')),
        "workbook_suspicious",
    ),
    "cell name": (
        lambda p: package(p, sheet_xml('<row r="3"><c r="ZZZZZZZZ3"><v>1</v></c></row>')),
        "workbook_suspicious",
    ),
    "row 1048577": (lambda p: package(p, sheet_xml('<row><c r="A1048577"><v>1</v></c></row>')), "workbook_suspicious"),
    "string number": (lambda p: package(p, sheet_xml('<row><c r="A1" t="s"><v>9</v></c></row>')), "workbook_damaged"),
    "negative string": (
        lambda p: package(p, sheet_xml('<row><c r="A1" t="s"><v>-1</v></c></row>'), "<sst><si><t>x</t></si></sst>"),
        "workbook_damaged",
    ),
    "size": (_lying_size, "workbook_damaged"),
    "overlap": (_overlap, "workbook_suspicious"),
    "traversal": (lambda p: package(p, sheet_xml(""), **{"..__..__etc__x": "x"}), "workbook_suspicious"),
    "deep": (lambda p: package(p, "<a>" * 5000 + "</a>" * 5000), "workbook_suspicious"),
    "encrypted zip": (_encrypted_zip, "workbook_password"),
    "truncated": (_truncated, "workbook_damaged"),
    "broken xml": (_broken_xml, "workbook_damaged"),
    "empty": (lambda p: p.write_bytes(b""), "workbook_empty"),
    "missing": (lambda p: None, "workbook_missing"),
    "html": (lambda p: p.write_text("<html><body>404</body></html>"), "workbook_html"),
    "html in utf-16": (lambda p: p.write_bytes("<HTML><table/>".encode("utf-16")), "workbook_html"),
    "pdf": (lambda p: p.write_bytes(b"%PDF-1.7 x"), "workbook_unknown_kind"),
    "word": (_word, "workbook_unknown_kind"),
    "ole without workbook": (
        lambda p: p.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600),
        "workbook_damaged",
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_or_damaged_file_is_one_problem(tmp_path: Path, name: str) -> None:
    make, code = HOSTILE[name]
    path = tmp_path / "a.xlsx"
    make(path)
    with pytest.raises(Problem) as caught:
        sandbox.read_workbook(path, "a.xlsx")
    assert caught.value.code == code
    assert "a.xlsx" in caught.value.text("zh")


def test_a_stray_cell_at_the_far_end_is_read_like_any_other(tmp_path: Path) -> None:
    sheet = sheet_xml('<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>2</v></c></row>')
    assert cells_of(package(tmp_path / "a.xlsx", sheet)) == {"A1": "1", "XFD1048576": "2"}


def test_a_lie_about_the_number_of_strings_is_ignored(tmp_path: Path) -> None:
    strings = f'<sst xmlns="{MAIN}" count="4294967295" uniqueCount="4294967295"><si><t>x</t></si></sst>'
    sheet = sheet_xml('<row r="1"><c r="A1" t="s"><v>0</v></c></row>')
    assert cells_of(package(tmp_path / "a.xlsx", sheet, strings)) == {"A1": "x"}


def test_a_bomb_stops_at_the_childs_memory(tmp_path: Path) -> None:
    sheet = sheet_xml(f'<row r="1"><c r="A1" t="str"><v>{"x" * 60_000_000}</v></c></row>')
    path = package(tmp_path / "a.xlsx", sheet)
    assert path.stat().st_size < 200_000
    with pytest.raises(Problem) as caught:
        sandbox.read_workbook(path, "a.xlsx", memory=300 << 20)
    assert caught.value.code == "workbook_out_of_memory"


def test_a_row_of_a_hundred_megabytes_is_refused(tmp_path: Path) -> None:
    cells = '<c r="A1" t="str"><v>' + "x" * 30_000 + "</v></c>"
    path = package(tmp_path / "a.xlsx", sheet_xml(f'<row r="1">{cells * 3500}</row>'))
    with pytest.raises(Problem) as caught:
        sandbox.read_workbook(path, "a.xlsx")
    assert caught.value.code == "workbook_suspicious"


def test_a_file_without_end_stops_at_the_childs_time(tmp_path: Path) -> None:
    rows = "".join(f'<row r="{n}"><c t="str"><v>{n}</v></c></row>' for n in range(1, 600_001))
    path = package(tmp_path / "a.xlsx", sheet_xml(rows))  # no addresses: the slow way
    with pytest.raises(Problem) as caught:
        sandbox.read_workbook(path, "a.xlsx", cpu_seconds=1)
    assert caught.value.code == "workbook_out_of_time"


def test_a_password_is_told_apart_from_damage(tmp_path: Path) -> None:
    import msoffcrypto
    from msoffcrypto.format.ooxml import OOXMLFile

    plain = save(tmp_path / "plain.xlsx", [["a"]])
    path = tmp_path / "a.xlsx"
    for password, code in (("secret", "workbook_password"), ("VelvetSweatshop", None)):
        buffer = io.BytesIO()
        with plain.open("rb") as file:
            OOXMLFile(file).encrypt(password, buffer)
        path.write_bytes(buffer.getvalue())
        assert msoffcrypto.OfficeFile(io.BytesIO(buffer.getvalue())).is_encrypted()
        if code is None:  # the password Excel itself knows: opens without asking
            assert cells_of(path) == {"A1": "a"}
            continue
        with pytest.raises(Problem) as caught:
            sandbox.read_workbook(path, "a.xlsx")
        assert caught.value.code == code


def test_a_child_that_dies_loses_only_its_file(tmp_path: Path) -> None:
    path = save(tmp_path / "a.xlsx", [["x"]])
    with readers.reader() as child:
        child.process.kill()
        with child.job_folder() as folder, pytest.raises(readers.Died):
            child.ask({"path": str(path), "folder": str(folder)}, 5)
    assert cells_of(path) == {"A1": "x"}


def test_the_child_gets_no_secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WATERWORKS_K3_URL", "secret")
    readers.end_all()
    cells_of(save(tmp_path / "a.xlsx", [["x"]]))  # before its first answer a child may not have its own environment yet
    with readers.reader() as child:
        environment = psutil.Process(child.process.pid).environ()
    assert "WATERWORKS_K3_URL" not in environment
    assert "PYTHONPATH" in environment


def test_a_wrong_extension_is_read_by_content(tmp_path: Path) -> None:
    assert cells_of(save(tmp_path / "a.xlsx", [["x"]]).rename(tmp_path / "a.xls")) == {"A1": "x"}


def test_a_file_leaves_nothing_behind_for_the_next_one(tmp_path: Path) -> None:
    """The child goes on with the next file: an unclosed quote sets a limit that must not hold for others."""
    unclosed, long = tmp_path / "a.csv", tmp_path / "b.csv"
    unclosed.write_text('a,b\n"' + "x,1\n" * 20_000, encoding="utf-8")
    long.write_text("名称,备注\n" + "x" * 40_000 + ",1\n", encoding="utf-8")
    cells_of(unclosed)
    assert cells_of(long)["B2"] == "1"
