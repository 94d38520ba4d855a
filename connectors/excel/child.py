"""The process in which files are opened: `python -m connectors.excel.child FOLDER`.

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
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from connectors.excel import lockdown, protected, sniff
from connectors.excel.cells import MAX_CELLS, Facts, TooManyCells
from schemas.problems import Problem

_MOST_FILES = 500
_IDLE_SECONDS = 120
_MOST_KEPT_MB = 300


def read(
    path: Path,
    shown_name: str,
    folder: Path,
    head_rows: int | None,
    only: list[str] | None,
    passwords: Sequence[str] = (),
) -> dict[str, Any]:
    """{"kind", "sheets": [{"name", "visible", "file", "facts"}], ...}. Raises Problem."""
    path = protected.opened(path, shown_name, folder, passwords)
    kind = sniff.kind_of(path, shown_name)
    answer: dict[str, Any] = {"kind": kind, "sheets": []}

    def add(name: str | None, visible: bool, facts: Facts | None, target: Path | None) -> None:
        facts = facts or Facts()
        marks = target.with_suffix(".marks") if target and facts.write_marks(target.with_suffix(".marks")) else None
        answer["sheets"].append(
            {
                "name": name,
                "visible": visible,
                "file": target.name if target else None,
                "marks": marks.name if marks else None,
                "facts": facts.as_json(),
            }
        )

    if kind == sniff.CSV:
        from connectors.excel.csv_text import read_csv

        target = folder / "0.arrow"
        answer |= read_csv(path, shown_name, target)
        add(None, True, Facts(), target)
    elif kind == sniff.XLSX:
        _read_xlsx(path, shown_name, folder, head_rows, only, add)
    elif kind == sniff.ODS:
        from connectors.excel.ods import OdsRead
        from connectors.excel.package import Package

        with Package(path, shown_name) as package:
            for name, visible, facts, target in OdsRead(package, lambda number: folder / f"{number}.arrow").sheets:
                add(name, visible, facts, target)
    else:
        _read_binary(kind, path, shown_name, folder, add)
    return answer


def _read_xlsx(
    path: Path, shown_name: str, folder: Path, head_rows: int | None, only: list[str] | None, add: Any
) -> None:
    from connectors.excel import ooxml
    from connectors.excel.package import Package
    from connectors.excel.shared_strings import shared_strings
    from connectors.excel.sheet_scan import SheetScan

    with Package(path, shown_name) as package:
        book = ooxml.read_workbook(package)
        strings = shared_strings(package, book.strings)
        for number, sheet in enumerate(book.sheets):
            very_hidden = sheet.state == "veryHidden"
            if only is not None and sheet.name not in only:
                add(sheet.name, sheet.visible, Facts(very_hidden=very_hidden), None)
                continue
            target = folder / f"{number}.arrow"
            facts = SheetScan(package, book, strings, head_rows).run(sheet.part, target)
            facts.very_hidden = very_hidden
            add(sheet.name, sheet.visible, facts, target)


def _read_binary(kind: str, path: Path, shown_name: str, folder: Path, add: Any) -> None:
    from connectors.excel.biff import XlsPass
    from connectors.excel.calamine_read import open_workbook, read_sheet
    from connectors.excel.package import Package
    from connectors.excel.xlsb import XlsbPass

    data = path.read_bytes()
    if kind == sniff.XLS:
        first: XlsPass | XlsbPass = XlsPass(data, shown_name)
    else:
        with Package(path, shown_name) as package:
            first = XlsbPass(package)
            overlays = {name: first.sheet(name) for name in first.visible}
    import python_calamine

    workbook = open_workbook(data, shown_name)
    worksheets = [sheet for sheet in workbook.sheets_metadata if sheet.typ == python_calamine.SheetTypeEnum.WorkSheet]
    for number, sheet in enumerate(worksheets):
        target = folder / f"{number}.arrow"
        overlay = first.sheet(number) if isinstance(first, XlsPass) else overlays.get(sheet.name)
        if overlay is None:
            continue
        try:
            facts = read_sheet(workbook, sheet.name, overlay, target)
        except (python_calamine.CalamineError, OSError, ValueError) as error:
            reason = f"{sheet.name}: {str(error)[:200]}"
            raise Problem("workbook_damaged", file=shown_name, reason=reason) from error
        add(sheet.name, sheet.visible == python_calamine.SheetVisibleEnum.Visible, facts, target)


def answer_to(request: dict[str, Any]) -> dict[str, Any]:
    """What `read` found, or the problem, or what stopped it ("memory", "size")."""
    shown_name, folder = request["shown_name"], Path(request["folder"])
    lockdown.limit(request["memory"], request["cpu_seconds"])
    before = resource.getrusage(resource.RUSAGE_SELF)
    try:
        passwords = request["passwords"]
        answer = read(Path(request["path"]), shown_name, folder, request["head_rows"], request["only"], passwords)
    except Problem as problem:
        answer = {"problem": problem.as_json()}
    except TooManyCells:
        params = {"file": shown_name, "what": f"> {MAX_CELLS:,}", "limit": f"{MAX_CELLS:,}"}
        answer = {"problem": {"code": "workbook_too_big", "params": params}}
    except MemoryError:
        answer = {"stopped": "memory"}
    used = resource.getrusage(resource.RUSAGE_SELF)
    answer["cpu_seconds"] = used.ru_utime + used.ru_stime - before.ru_utime - before.ru_stime
    answer["peak_mb"] = used.ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)
    return answer


def main() -> None:
    """One request per line of standard input, one answer per line of standard output."""
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
        answer = answer_to(json.loads(line))
        # Memory once taken is seldom given back: after a big file the next one gets a new process.
        answer["last"] = not left or "stopped" in answer or answer["peak_mb"] > _MOST_KEPT_MB
        answers.write(json.dumps(answer).encode() + b"\n")
        answers.flush()
        if answer["last"]:
            return


if __name__ == "__main__":
    main()
