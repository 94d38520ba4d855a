"""Formulas that add up the cells above them: the mark of a total row that nobody labelled.

Belongs here: the text of one formula against its own place. Does not belong here: which rows are
left out (rows.py). Runs in the child process.
"""

from __future__ import annotations

import re

WORDS = ("SUM(", "SUBTOTAL(", "AGGREGATE(")
_RANGE = re.compile(
    r"(?:SUM|(?:SUBTOTAL|AGGREGATE)\((?:\s*\d+\s*[,;]){1,2})\(?\s*\$?([A-Z]{1,3})\$?(\d{1,7}):\$?([A-Z]{1,3})\$?(\d{1,7})"
)
_TABLE_COLUMN = re.compile(r"SUBTOTAL\(\s*\d+\s*,[^:()]*\[[^\]:]+\]\s*\)")


def adds_up_above(formula: str, letters: str, row: int) -> bool:
    """Is it a total over cells above it in its own column?

    >>> adds_up_above("SUM(C2:C9)", "C", 10), adds_up_above("SUM(A10:B10)", "C", 10)
    (True, False)
    >>> adds_up_above("of:=SUM([.C2:.C9])", "C", 10), adds_up_above("SUBTOTAL(109,parts[Qty])", "C", 10)
    (True, True)
    """
    if formula.startswith("of:="):
        formula = formula[4:].replace("[.", "").replace(":.", ":").replace("]", "")
    if _TABLE_COLUMN.search(formula):
        return True
    found = _RANGE.search(formula)
    if found is None:
        return False
    left, top, right, bottom = found.groups()
    return left == right == letters and int(top) < int(bottom) < row
