"""Writing the entry workbook: the sheet to fill in, the lists behind its drop-downs, the instructions.

Belongs here: openpyxl. Does not belong here: what the sheet has (`plan.py`), what it refuses (`marks.py`).
Whatever comes from data is written as text, marked as such: a master record called =1+1 stays a text.
"""

from __future__ import annotations

import re
from datetime import date
from io import BytesIO
from typing import TYPE_CHECKING

from hub.contracts.template.guide import write_guide
from hub.contracts.template.marks import add_colours, add_validation, untranslated
from hub.contracts.template.plan import Choices, Field, Plan, column_name, header_text, heading, unit_text
from hub.contracts.words import word
from schemas.problems import Language

if TYPE_CHECKING:
    from openpyxl import Workbook
    from openpyxl.cell import Cell as SheetCell
    from openpyxl.cell import MergedCell
    from openpyxl.worksheet.worksheet import Worksheet

LISTS = "_lists"  # hidden
_FORMATS = {"date": "yyyy-mm-dd", "timestamp": "yyyy-mm-dd hh:mm", "integer": "0", "decimal": "General"}
_ILLEGAL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")  # what XML cannot hold


def write(plan: Plan, language: Language, today: date) -> bytes:
    """The workbook (.xlsx). today: the day its lists were taken, told in the instructions."""
    import openpyxl

    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.title = _sheet_title(plan, language)
    names = _write_lists(book, plan)
    for number, field in enumerate(plan.fields, start=1):
        _head(sheet, number, field, plan, language)
        add_validation(sheet, number, field, plan, language, names.get(field.layout.source, ""))
    add_colours(sheet, plan)
    sheet.freeze_panes = "A2"
    write_guide(book.create_sheet(word(language, "template.guide"), 1), plan, language, today)
    _write_lookup(book, plan, language)
    target = BytesIO()
    book.save(target)
    return target.getvalue()


def explanation(field: Field, plan: Plan, language: Language) -> str:
    """What the comment on a header says."""
    about = field.about
    lines = [about.title[language]] if about is not None else []
    lines.append(word(language, "template.required" if field.required else "template.optional"))
    if about is not None:
        if about.description is not None:
            lines.append(about.description[language])
        if field.choices is not None:
            lines.append(word(language, "template.choose_code" if field.choices.live else "template.choose"))
            if field.choices.cut:
                lines.append(word(language, "template.cut", count=len(field.choices.values)))
        else:
            lines.append(word(language, f"template.type_{about.type}"))
    if field.layout.unit:
        lines.append(word(language, "template.unit", unit=unit_text(field.layout.unit, language)))
    if field.longest is not None:
        lines.append(word(language, "template.longest", length=field.longest))
    if about is not None and about.example:
        lines.append(word(language, "template.example", example=about.example))
    lines += [word(language, "template.required_if", title=rule.title[language]) for rule in untranslated(field, plan)]
    rest = [rule for rule in field.rules if rule.kind != "readable"]
    if rest:
        lines += [word(language, "template.rules"), *(f"- {rule.title[language]}" for rule in rest)]
    return "\n".join(lines)


def put_text(cell: SheetCell | MergedCell, value: str) -> None:
    """Write a text that Excel takes for nothing else, whatever it begins with."""
    cell.value = _ILLEGAL.sub("", value)[:32767]
    cell.data_type = "s"
    cell.number_format = "@"
    if value[:1] in "=+-@\t\r":
        cell.quotePrefix = True


def _head(sheet: Worksheet, number: int, field: Field, plan: Plan, language: Language) -> None:
    from openpyxl.comments import Comment
    from openpyxl.styles import Alignment, Font, PatternFill

    text = explanation(field, plan, language)
    header = sheet.cell(1, number)
    put_text(header, header_text(field.layout, language, field.required))
    header.font = Font(bold=True)
    header.fill = PatternFill("solid", fgColor="FFFDE9D9" if field.required else "FFE9EEF4")
    header.alignment = Alignment(horizontal="center", vertical="center", wrap_text=True)
    header.comment = Comment(text, "Waterworks", height=40 + 18 * len(text.splitlines()), width=320)
    # The format of the whole column, so that Excel neither eats leading zeros nor turns codes into dates.
    dimension = sheet.column_dimensions[column_name(number)]
    dimension.width = max(14, min(40, len(field.layout.source) * 2 + 6))
    dimension.number_format = _FORMATS.get(field.about.type if field.about is not None else "string", "@")


def _write_lists(book: Workbook, plan: Plan) -> dict[str, str]:
    """The hidden sheet: two columns per drop-down (value, what it stands for). {source column: defined name}."""
    from openpyxl.workbook.defined_name import DefinedName

    sheet = book.create_sheet(LISTS)
    sheet.sheet_state = "hidden"
    names: dict[str, str] = {}
    for number, field in enumerate((field for field in plan.fields if _has_choices(field)), start=0):
        first = 2 * number + 1
        values = _choices(field).values
        for row, (value, meaning) in enumerate(values, start=1):
            put_text(sheet.cell(row, first), value)
            if meaning:
                put_text(sheet.cell(row, first + 1), meaning)
        letters, name = column_name(first), f"list_{field.layout.column or number}"
        book.defined_names[name] = DefinedName(name, attr_text=f"'{LISTS}'!${letters}$1:${letters}${len(values)}")
        names[field.layout.source] = name
    return names


def _write_lookup(book: Workbook, plan: Plan, language: Language) -> None:
    """A sheet to look codes up by name; only where codes come from master data."""
    live = [field for field in plan.fields if field.choices is not None and field.choices.live]
    if not live:
        return
    from openpyxl.styles import Font

    sheet = book.create_sheet(word(language, "template.lookup"))
    for number, field in enumerate(live):
        first, title = 3 * number + 1, field.about.title[language] if field.about is not None else field.layout.source
        for place, key in ((first, "template.lookup_code"), (first + 1, "template.lookup_name")):
            put_text(sheet.cell(1, place), word(language, key, title=title))
            sheet.cell(1, place).font = Font(bold=True)
            sheet.column_dimensions[column_name(place)].width = 26
        for row, (value, meaning) in enumerate(_choices(field).values, start=2):
            put_text(sheet.cell(row, first), value)
            put_text(sheet.cell(row, first + 1), meaning)
    sheet.freeze_panes = "A2"


def _has_choices(field: Field) -> bool:
    return field.choices is not None and bool(field.choices.values)


def _choices(field: Field) -> Choices:
    return field.choices or Choices(())


def _sheet_title(plan: Plan, language: Language) -> str:
    """A name the template looks for, so that the filled-in sheet is found by name too."""
    plain = (name for name in plan.template.sheets if not set(name) & set("*?/#["))
    return next(plain, heading(plan.template.title, language))[:31]
