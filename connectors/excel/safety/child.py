"""The process in which files are opened: `python -m connectors.excel.safety.child FOLDER`.

Belongs here: reading one file after the other, of any kind, into Arrow IPC files below FOLDER and one
JSON answer each, every one under limits of its own. Does not belong here: headers, templates, anything
that needs the environment. For requests see `sandbox.read_workbook`.
"""

from __future__ import annotations

import json
import os
import resource
import select
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from connectors.excel.filetypes import csv_text
from connectors.excel.filetypes.cells import Facts, Overlay, TooManyCells
from connectors.excel.safety import lockdown, protected, sniff
from connectors.excel.safety.package import Package
from connectors.excel.safety.spool import Spool
from schemas.problems import Problem

_MOST_FILES = 500
_IDLE_SECONDS = 120
_MOST_KEPT_MB = 300


class Reading:
    """One file being read: what is asked, and the answer as far as it is known."""

    def __init__(self, request: dict[str, Any]) -> None:
        self.shown_name: str = request["shown_name"]
        self.folder = Path(request["folder"])
        self.head_rows: int | None = request["head_rows"]
        self.only: list[str] | None = request["only"]
        self.passwords: Sequence[str] = request["passwords"]
        self.answer: dict[str, Any] = {"sheets": []}
        self.spools: list[Spool] = []

    def spool(self) -> Spool:
        spool = Spool(self.folder / f"{len(self.spools)}.arrow")
        self.spools.append(spool)
        return spool

    def add(self, name: str | None, visible: bool, facts: Facts, cells: Spool | None) -> None:
        marks = self.spool()
        sheet: dict[str, Any] = {"name": name, "visible": visible, "facts": facts.as_json()}
        sheet["cells"] = self.spools.index(cells) if cells is not None else None
        sheet["marks"] = self.spools.index(marks) if facts.write_marks(marks) else None
        self.answer["sheets"].append(sheet)

    def read(self, path: Path) -> None:
        """Fills `answer`: {"kind", "sheets": [{"name", "visible", "facts", "cells", "marks"}], ...}. Raises Problem."""
        if _starts_with(path, b"PK"):
            with Package(path, self.shown_name) as package:
                # LibreOffice locks a whole spreadsheet into one part, which says nothing of its kind.
                locked = "encrypted-package" in package.names
                kind = sniff.ODS if locked else sniff.kind_of_names(package.names, self.shown_name)
                opened = self._opened(path) if kind == sniff.ODS else path
                if opened == path:
                    self._package(kind, package, path)
                    return
            self.read(opened)
            return
        opened = self._opened(path)
        if opened != path:
            self.read(opened)
            return
        self.answer["kind"] = sniff.kind_of(path, self.shown_name)
        if self.answer["kind"] == sniff.XLS:
            self._xls(path)
            return
        if self.answer["kind"] in (sniff.HTML, sniff.XML2003):
            self._markup(path)
            return
        target = self.spool()
        self.answer |= csv_text.read_csv(path, self.shown_name, target)
        self.add(None, True, Facts(), target)

    def _opened(self, path: Path) -> Path:
        return protected.opened(path, self.shown_name, self.folder, self.passwords)

    def _package(self, kind: str, package: Package, path: Path) -> None:
        self.answer["kind"] = kind
        if kind == sniff.XLSX:
            self._xlsx(package)
        elif kind == sniff.XLSB:
            self._xlsb(package, path)
        else:
            from connectors.excel.filetypes.ods import OdsRead

            for name, visible, facts, target in OdsRead(package, lambda number: self.spool()).sheets:
                self.add(name, visible, facts, target)

    def _xlsx(self, package: Package) -> None:
        from connectors.excel.filetypes import ooxml
        from connectors.excel.filetypes.shared_strings import shared_strings
        from connectors.excel.filetypes.sheet_scan import SheetScan

        book = ooxml.read_workbook(package)
        strings = shared_strings(package, book.strings)
        for sheet in book.sheets:
            very_hidden = sheet.state == "veryHidden"
            if self.only is not None and sheet.name not in self.only:
                self.add(sheet.name, sheet.visible, Facts(very_hidden=very_hidden), None)
                continue
            target = self.spool()
            facts = SheetScan(package, book, strings, self.head_rows).run(sheet.part, target)
            facts.very_hidden = very_hidden
            self.add(sheet.name, sheet.visible, facts, target)

    def _xls(self, path: Path) -> None:
        from connectors.excel.filetypes.biff import XlsPass

        data = path.read_bytes()
        records = XlsPass(data, self.shown_name)
        self._calamine(data, lambda number, name: records.sheet(number))

    def _xlsb(self, package: Package, path: Path) -> None:
        from connectors.excel.filetypes.xlsb import XlsbPass

        records = XlsbPass(package)
        overlays = {name: records.sheet(name) for name in records.visible}
        self._calamine(path.read_bytes(), lambda number, name: overlays.get(name))

    def _markup(self, path: Path) -> None:
        """Web pages and the XML of Excel 2003 under a workbook's name."""
        if (size := path.stat().st_size) > csv_text.MAX_BYTES:
            limit = f"{csv_text.MAX_BYTES // 1_000_000} MB"
            raise Problem("workbook_too_big", file=self.shown_name, what=f"{size // 1_000_000} MB", limit=limit)
        data = path.read_bytes()
        if self.answer["kind"] == sniff.XML2003:
            from connectors.excel.filetypes.xml2003 import Xml2003

            for title, visible, facts, cells in Xml2003(data, self.shown_name, self.spool).sheets:
                self.add(title, visible, facts, cells)
            return
        from connectors.excel.filetypes.html_table import pages_of, read_html

        pages = pages_of(data)
        if not pages:
            raise Problem("workbook_html", file=self.shown_name)
        for number, page in enumerate(pages, start=1):
            target = self.spool()
            name, _, facts = read_html(page, self.shown_name, target)
            self.add(name or f"Sheet{number}", True, facts, target)

    def _calamine(self, data: bytes, overlay_of: Callable[[int, str], Overlay | None]) -> None:
        import python_calamine

        from connectors.excel.filetypes.calamine_read import open_workbook, read_sheet

        workbook = open_workbook(data, self.shown_name)
        worksheet = python_calamine.SheetTypeEnum.WorkSheet
        for number, sheet in enumerate(each for each in workbook.sheets_metadata if each.typ == worksheet):
            overlay = overlay_of(number, sheet.name)
            if overlay is None:
                continue
            target = self.spool()
            try:
                facts = read_sheet(workbook, sheet.name, overlay, target)
            except (python_calamine.CalamineError, OSError, ValueError) as error:
                reason = f"{sheet.name}: {str(error)[:200]}"
                raise Problem("workbook_damaged", file=self.shown_name, reason=reason) from error
            facts.very_hidden = sheet.visible == python_calamine.SheetVisibleEnum.VeryHidden
            self.add(sheet.name, sheet.visible == python_calamine.SheetVisibleEnum.Visible, facts, target)


def _starts_with(path: Path, mark: bytes) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(len(mark)) == mark
    except OSError:
        return False  # sniff says so in its own sentence


def answer_to(request: dict[str, Any]) -> tuple[dict[str, Any], list[bytearray]]:
    """(what was found, or the problem, or what stopped the reading ("memory"); the small results themselves).

    "results" in the answer has the size of each result, or the name of the file it is in.
    """
    lockdown.limit(request["memory"], request["cpu_seconds"])
    before = resource.getrusage(resource.RUSAGE_SELF)
    reading = Reading(request)
    results: list[bytearray] = []
    try:
        reading.read(Path(request["path"]))
        answer = reading.answer
        answer["results"] = [spool.path.name if spool.data is None else len(spool.data) for spool in reading.spools]
        results = [spool.data for spool in reading.spools if spool.data is not None]
    except Problem as problem:
        answer = {"problem": problem.as_json()}
    except TooManyCells as many:
        params = {"file": reading.shown_name, "what": many.what, "limit": many.limit}
        answer = {"problem": {"code": "workbook_too_big", "params": params}}
    except MemoryError:
        answer = {"stopped": "memory"}
    used = resource.getrusage(resource.RUSAGE_SELF)
    answer["cpu_seconds"] = used.ru_utime + used.ru_stime - before.ru_utime - before.ru_stime
    answer["peak_mb"] = lockdown.peak_mb()
    return answer, results


def main() -> None:
    """One request per line of standard input; to standard output a line with the answer, then its small results."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # nothing that libraries print may stand between the answers
    missing = lockdown.lock(Path(sys.argv[1]))
    if missing:
        print("; ".join(missing), file=sys.stderr)
    pa.set_cpu_count(1)
    for left in reversed(range(_MOST_FILES)):
        if not select.select([0], [], [], _IDLE_SECONDS)[0]:
            return
        line = sys.stdin.buffer.readline()
        if not line:
            return
        answer, results = answer_to(json.loads(line))
        # Memory once taken is seldom given back: after a big file the next one gets a new process.
        answer["last"] = not left or "stopped" in answer or answer["peak_mb"] > _MOST_KEPT_MB
        answers.write(json.dumps(answer).encode() + b"\n")
        answers.writelines(results)
        answers.flush()
        if answer["last"]:
            return


if __name__ == "__main__":
    main()
