"""Workbooks the portal hands out: the corrected copy of an upload.

Belongs here: which cells get which mark and wording, and running the writer in a child process with
limits (it opens files of strangers). Not here: writing workbooks (connectors/excel).
`python -m portal.marking` is that child: one request as JSON on standard input.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hub.settings import PROJECT
from portal.i18n import text
from portal.web import names
from schemas.problems import Language, Problem

MEMORY = 3 << 30
SECONDS = 180
MEDIA_TYPES = {
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".xlsm": "application/vnd.ms-excel.sheet.macroEnabled.12",
}
# Secrets of the store and of source systems stand in the environment; this child gets none.
_ENVIRONMENT = ("PATH", "LANG", "LC_ALL", "TMPDIR", "LD_LIBRARY_PATH", "VIRTUAL_ENV")
# Standard values that mean the same only in the store (other unit, other precision): shown, not written.
_COMMENT_ONLY = frozenset(
    {
        "number.unit", "number.multiple", "number.rounded", "percent.sign", "date.time_dropped", "timestamp.epoch",
        "timestamp.zone",
    }
)  # fmt: skip


def marks(findings: Sequence[dict[str, Any]], sheet: str | None, entity: str, lang: Language) -> list[dict[str, Any]]:
    """Arguments of connectors.excel.marking.annotate.Mark for rows of ops.upload_finding that have a cell."""
    return [
        {
            "sheet": sheet,
            "cell": found["cell"],
            "severity": found["severity"],
            "comment": names.finding_sentence(found, entity, None, lang),
            # What is only suggested is told beside the cell; it is written once somebody accepted it.
            "new_value": None if found["kind"] != "change" or found["rule"] in _COMMENT_ONLY else found["suggestion"],
        }
        for found in findings
    ]


def extension_of_copy(source: Path) -> str:
    """ ".xlsm" for a workbook with macros, which only a copy of that name can keep; else ".xlsx"."""
    from connectors.excel.marking.annotate import has_macros

    return ".xlsm" if has_macros(source) else ".xlsx"


def corrected_copy(source: Path, shown_name: str, target: Path, cells: list[dict[str, Any]], lang: Language) -> None:
    """Write the .xlsx with suggestions in place, findings coloured and commented, and a list of them all.

    Raises Problem `annotate_unreadable` and those of the reader.
    """
    request = {
        "source": str(source),
        "target": str(target),
        "shown_name": shown_name,
        "marks": cells,
        "summary": {
            "title": text(lang, "marking.sheet"),
            "headings": [text(lang, f"marking.{name}") for name in ("of_sheet", "cell", "severity", "what", "new")],
            "severities": {level: text(lang, f"severity.{level}") for level in ("error", "warning", "info")},
        },
    }
    try:
        done = subprocess.run(
            [sys.executable, "-m", "portal.marking"],
            input=json.dumps(request).encode(),
            capture_output=True,
            timeout=SECONDS,
            check=False,
            cwd=PROJECT,
            env={name: os.environ[name] for name in _ENVIRONMENT if name in os.environ},
        )
    except subprocess.TimeoutExpired as error:
        raise Problem("annotate_unreadable", file=shown_name, reason=f"> {SECONDS} s") from error
    if done.returncode != 0:
        last = (done.stderr.decode("utf-8", "replace").strip().splitlines() or [f"exit {done.returncode}"])[-1]
        raise Problem("annotate_unreadable", file=shown_name, reason=last[:200])
    if answer := json.loads(done.stdout or b"{}"):
        raise Problem(answer["code"], **answer["params"])


def _child() -> None:
    from connectors.excel.marking.annotate import Mark, Summary, annotate
    from connectors.excel.safety import lockdown, sniff

    request = json.load(sys.stdin)
    lockdown.limit(MEMORY, SECONDS)
    summary, source, target = request["summary"], Path(request["source"]), Path(request["target"])
    try:
        if sniff.kind_of(source, request["shown_name"]) == sniff.XLSX:
            lockdown.lock(target.parent)  # other kinds are read by a locked child of their own
        annotate(
            source,
            target,
            [Mark(**mark) for mark in request["marks"]],
            Summary(summary["title"], tuple(summary["headings"]), summary["severities"]),
            request["shown_name"],
        )
    except Problem as problem:
        json.dump(problem.as_json(), sys.stdout)


if __name__ == "__main__":
    _child()
