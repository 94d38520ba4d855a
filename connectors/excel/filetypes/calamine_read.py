"""The cells of .xls and .xlsb workbooks: values by calamine, the rest by a pass of our own.

Belongs here: turning calamine's typed values into text at their exact address, laid over with what
it loses or guesses (error cells, percentages, leading zeros, times). Does not belong here: the
record formats (biff.py, xlsb.py). Runs in the child process: hostile files abort it.
"""

from __future__ import annotations

import io
from typing import Any

from connectors.excel.filetypes import cells
from connectors.excel.filetypes import number_formats as formats
from connectors.excel.filetypes.cells import CellSink, Facts, Overlay
from connectors.excel.safety.spool import Spool


def open_workbook(data: bytes, shown_name: str) -> Any:
    """A calamine workbook. Raises Problem `workbook_password`, `workbook_damaged`."""
    import python_calamine

    from schemas.problems import Problem

    try:
        return python_calamine.CalamineWorkbook.from_object(io.BytesIO(data))
    except python_calamine.PasswordError as error:
        raise Problem("workbook_password", file=shown_name) from error
    except (python_calamine.CalamineError, OSError, ValueError) as error:
        raise Problem("workbook_damaged", file=shown_name, reason=str(error)[:200]) from error


def read_sheet(workbook: Any, name: str, overlay: Overlay, target: Spool) -> Facts:
    """Writes one sheet's cells to `target`. Raises calamine's errors."""
    facts = overlay.facts
    sheet = workbook.get_sheet_by_name(name)
    for (top, left), (bottom, right) in sheet.merged_cell_ranges or ():
        facts.merges.append([top + 1, left + 1, bottom + 1, right + 1])
    texts = dict(overlay.texts)
    sink = CellSink(target)
    # to_python(), because its row and column indexes are the sheet's own
    for row, line in enumerate(sheet.to_python(skip_empty_area=False) if sheet.height else (), start=1):
        for column, value in enumerate(line, start=1):
            shown = texts.pop((row, column), None)
            kind = overlay.kinds.get((row, column), cells.TEXT)
            if shown is None:
                if value == "" or value is None:
                    continue
                shown, kind = formats.value_text(value), _kind(value)
            if shown:
                if isinstance(value, float) and len(shown) > 15 and shown.isdigit():
                    facts.long_numbers.add(row, column)
                sink.add(row, column, shown, kind)
    for (row, column), shown in texts.items():  # outside the area calamine takes for used
        sink.add(row, column, shown, overlay.kinds.get((row, column), cells.TEXT))
    sink.close()
    return facts


def _kind(value: object) -> int:
    if isinstance(value, str):
        return cells.TEXT
    if isinstance(value, bool):
        return cells.BOOLEAN
    return cells.NUMBER if isinstance(value, (int, float)) else cells.DATE
