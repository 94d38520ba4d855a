"""What a sheet without the template's header has instead: the row that looks most like one.

Belongs here: the guess that helps a person to mend the header; nothing is read by it. Does not belong here: finding
headers (layout.py), what resembles what (headers.py).
"""

from __future__ import annotations

from connectors.excel.filetypes.cells import address
from connectors.excel.finding import headers, layout
from connectors.excel.finding.headers import Header
from connectors.excel.safety.sandbox import Sheet
from schemas.model import Template

_LONGEST_HEADER = 30  # characters; longer texts are remarks and addresses


def resembling(sheet: Sheet, template: Template) -> dict[str, str]:
    """Where no header is found: source column -> the likest text of the row that looks most like one, "编码 (A1)"."""
    sources = [column.source for column in template.columns if column.origin == "cell"]
    best: dict[str, str] = {}
    for row, line in sorted(layout.head(sheet).items()):
        if row > layout.SEARCHED_ROWS or len(line) < 2:
            continue
        near: dict[str, str] = {}
        for column, text in sorted(line.items()):
            likely = headers.proposals(
                Header(column, (text,)), template, [one for one in sources if one not in near], 1
            )
            if likely and len(text) <= _LONGEST_HEADER:
                near[likely[0]] = f"{' '.join(text.split())} ({address(row, column)})"
        if len(near) > len(best):
            best = near
    return best
