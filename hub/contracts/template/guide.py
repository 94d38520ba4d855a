"""The sheet of instructions in an entry workbook.

Belongs here: its lines, in both languages. Does not belong here: comments on headers (`book.py`).
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from hub.contracts.template.plan import Field, Plan, header_text
from hub.contracts.words import word
from schemas.problems import Language

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

_LINES = ("guide_rows", "guide_marks", "guide_text", "guide_colours", "guide_lists", "guide_upload")


def write_guide(sheet: Worksheet, plan: Plan, language: Language, today: date) -> None:
    """Title, instructions in both languages (the reader's first), then one line per column."""
    from openpyxl.styles import Alignment, Font

    sheet["A1"] = plan.template.title[language]
    sheet["A1"].font = Font(bold=True, size=14)
    sheet["A2"] = plan.template.description[language]
    line = 4
    other: Language = "en" if language == "zh" else "zh"
    for first in (language, other):
        for key in _LINES:
            sheet.cell(line, 1, word(first, f"template.{key}", when=today.isoformat()))
            line += 1
        line += 1
    for number, key in enumerate(("column", "required", "meaning"), start=1):
        sheet.cell(line, number, word(language, f"template.{key}")).font = Font(bold=True)
    for field in plan.fields:
        line += 1
        # The dash keeps these lines from being taken for the header of a table.
        sheet.cell(line, 1, f"- {header_text(field.layout, language, field.required)}")
        sheet.cell(line, 2, _needed(field, language))
        sheet.cell(line, 3, "; ".join(_meaning(field, language))).alignment = Alignment(wrap_text=True)
    sheet.column_dimensions["A"].width = 34
    sheet.column_dimensions["B"].width = 30
    sheet.column_dimensions["C"].width = 80


def _needed(field: Field, language: Language) -> str:
    if field.required:
        return word(language, "template.required")
    asked = [word(language, "template.required_if", title=rule.title[language]) for rule in field.conditional]
    return "; ".join(asked) or word(language, "template.optional")


def _meaning(field: Field, language: Language) -> list[str]:
    about = field.about
    if about is None:
        return []
    parts = [about.title[language], word(language, f"template.type_{about.type}")]
    if about.description is not None:
        parts.insert(1, about.description[language])
    if about.example:
        parts.append(word(language, "template.example", example=about.example))
    return parts + [rule.fix[language] for rule in field.rules if rule.severity == "error"]
