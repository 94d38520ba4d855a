"""The blank workbook people fill in, generated from a template and its entity's contract.

Belongs here: headers, explanations, drop-down lists, the sheet of instructions. Does not belong
here: reading the filled-in workbook (table.py finds its header like any other).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from connectors.excel.filetypes.cells import column_letters
from connectors.excel.finding import units
from schemas.model import CodeList, Column, Contract, Template, TemplateColumn
from schemas.problems import Language

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

_ROWS = 2000  # rows that get the drop-down lists
_LISTS = "_lists"
_WORDS: dict[str, dict[Language, str]] = {
    "guide": {"zh": "填写说明", "en": "How to fill in"},
    "required": {"zh": "必填", "en": "Required"},
    "optional": {"zh": "选填", "en": "Optional"},
    "unit": {"zh": "单位：{unit}", "en": "Unit: {unit}"},
    "example": {"zh": "示例：{example}", "en": "Example: {example}"},
    "choose": {"zh": "请从下拉列表中选择", "en": "Choose from the drop-down list"},
    "not_listed": {
        "zh": "这个值不在列表中。请从下拉列表选择；确实需要新值时请先联系数据管理员。",
        "en": "This value is not in the list. Choose one from the list; ask your data coach if you need a new one.",
    },
    "column": {"zh": "列", "en": "Column"},
    "meaning": {"zh": "说明", "en": "Meaning"},
    "type_string": {"zh": "文本", "en": "Text"},
    "type_integer": {"zh": "整数", "en": "Whole number"},
    "type_decimal": {"zh": "数字", "en": "Number"},
    "type_date": {"zh": "日期，如 2026-03-05", "en": "Date such as 2026-03-05"},
    "type_timestamp": {"zh": "日期时间，如 2026-03-05 13:30", "en": "Date and time such as 2026-03-05 13:30"},
    "type_boolean": {"zh": "是 / 否", "en": "yes / no"},
}
_GUIDE: tuple[dict[Language, str], ...] = (
    {
        "zh": "1. 在第一张表中从第 2 行起填写，每行一条；表头请不要改动，列的顺序可以调整。",
        "en": "1. Fill in the first sheet from row 2, one record per row. Keep the header; columns may be moved.",
    },
    {
        "zh": "2. 带 * 的列必填；表头上的批注说明每列怎样填写；有下拉列表的列请从列表选择。",
        "en": "2. Columns with * are required. Comments on the headers explain each column; use the drop-down lists.",
    },
    {
        "zh": "3. 编码列已设为文本，前面的 0 会保留；请不要合并单元格，不要加合计行。",
        "en": "3. Code columns are text, so leading zeros stay. Do not merge cells and do not add total rows.",
    },
    {
        "zh": "4. 填好后在“上传”页面上传；有问题的单元格会标红返回，改好再传即可。",
        "en": "4. Hand it in on the page 'Upload'. Cells with problems come back marked; mend them and upload again.",
    },
)


def write_blank(
    template: Template,
    contract: Contract,
    codes: Mapping[str, CodeList],
    target: Path,
    language: Language,
    choices: Mapping[str, Sequence[str]] | None = None,
) -> None:
    """Write the blank workbook (.xlsx) to `target`.

    Drop-down lists come from the contract's code lists and from `choices` ({source column: values},
    for live master data); `choices` wins. The reader recognises the result as `template`.
    """
    import openpyxl

    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.title = _sheet_title(template, language)
    lists = book.create_sheet(_LISTS)
    lists.sheet_state = "hidden"
    for number, column in enumerate(template.columns, start=1):
        about = contract.column(column.column) if column.column else None
        values = list((choices or {}).get(column.source, ())) or _code_titles(about, codes, language)
        _head(sheet, number, column, about, language, bool(values))
        if values:
            _drop_down(sheet, lists, number, values, language)
    sheet.freeze_panes = "A2"
    _guide(book.create_sheet(_WORDS["guide"][language], 1), template, contract, language)
    book.save(target)


def header_text(column: TemplateColumn, language: Language) -> str:
    """The header people see: the language's own name, the unit in brackets, * where required."""
    name = column.source
    if language == "en":
        name = next((word for word in column.synonyms if word.isascii()), column.source)
    unit = f"({_unit(column.unit, language)})" if column.unit else ""
    return f"{name}{unit}{'*' if column.required else ''}"


def _unit(unit: str, language: Language) -> str:
    return units.IN_ENGLISH.get(unit, unit) if language == "en" else unit


def explanation(column: TemplateColumn, about: Column | None, language: Language, listed: bool) -> str:
    """What the comment on a header says."""
    words = [_WORDS["required" if column.required else "optional"][language]]
    if about is not None:
        words.insert(0, about.title[language])
        words.append(_WORDS["choose" if listed else f"type_{about.type}"][language])
    if column.unit:
        words.append(_WORDS["unit"][language].format(unit=_unit(column.unit, language)))
    if about is not None and about.example:
        words.append(_WORDS["example"][language].format(example=about.example))
    return "\n".join(words)


def _head(
    sheet: Worksheet, number: int, column: TemplateColumn, about: Column | None, language: Language, listed: bool
) -> None:
    from openpyxl.comments import Comment
    from openpyxl.styles import Alignment, Font, PatternFill

    header = sheet.cell(1, number, header_text(column, language))
    header.font = Font(bold=True)
    header.fill = PatternFill("solid", fgColor="FFFDE9D9" if column.required else "FFE9EEF4")
    header.alignment = Alignment(horizontal="center", vertical="center", wrap_text=True)
    header.comment = Comment(explanation(column, about, language, listed), "Waterworks", height=110, width=240)
    # The format of the whole column, so that Excel neither eats leading zeros nor turns codes into dates.
    kind = about.type if about is not None else "string"
    formats = {"date": "yyyy-mm-dd", "timestamp": "yyyy-mm-dd hh:mm", "integer": "0", "decimal": "General"}
    dimension = sheet.column_dimensions[column_letters(number)]
    dimension.width = max(14, len(column.source) * 2 + 6)
    dimension.number_format = formats.get(kind, "@")
    for row in range(2, 202):
        sheet.cell(row, number).number_format = formats.get(kind, "@")


def _drop_down(sheet: Worksheet, lists: Worksheet, number: int, values: Sequence[str], language: Language) -> None:
    from openpyxl.worksheet.datavalidation import DataValidation

    letters = column_letters(number)
    for row, value in enumerate(values, start=1):
        cell = lists.cell(row, number, value)
        cell.data_type = "s"
        cell.number_format = "@"
    rule = DataValidation(
        type="list",
        formula1=f"{_LISTS}!${letters}$1:${letters}${len(values)}",
        allow_blank=True,
        showErrorMessage=True,
        errorStyle="warning",
        error=_WORDS["not_listed"][language],
    )
    rule.add(f"{letters}2:{letters}{_ROWS}")
    sheet.add_data_validation(rule)


def _code_titles(about: Column | None, codes: Mapping[str, CodeList], language: Language) -> list[str]:
    if about is None or about.code_list is None or about.code_list not in codes:
        return []
    titles = [code.title[language] for code in codes[about.code_list].codes]
    return list(dict.fromkeys(titles))


def _guide(sheet: Worksheet, template: Template, contract: Contract, language: Language) -> None:
    from openpyxl.styles import Alignment, Font

    sheet["A1"] = template.title[language]
    sheet["A1"].font = Font(bold=True, size=14)
    sheet["A2"] = template.description[language]
    line = 4
    for first in (language, "en" if language == "zh" else "zh"):
        for words in _GUIDE:
            sheet.cell(line, 1, words[first])
            line += 1
        line += 1
    for number, word in enumerate(("column", "required", "meaning"), start=1):
        sheet.cell(line, number, _WORDS[word][language]).font = Font(bold=True)
    for column in template.columns:
        line += 1
        about = contract.column(column.column) if column.column else None
        sheet.cell(line, 1, f"- {header_text(column, language)}")
        sheet.cell(line, 2, _WORDS["required" if column.required else "optional"][language])
        text = explanation(column, about, language, bool(about and about.code_list)).replace("\n", "; ")
        sheet.cell(line, 3, text).alignment = Alignment(wrap_text=True)
    sheet.column_dimensions["A"].width = 34
    sheet.column_dimensions["C"].width = 70


def _sheet_title(template: Template, language: Language) -> str:
    """A name the template looks for, so that the filled-in sheet is found by name too."""
    return next((name for name in template.sheets if "*" not in name), template.title[language])[:31]
