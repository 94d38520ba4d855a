"""What an entry workbook has: its columns, with what each offers, asks for and says.

Belongs here: putting contract, template, code lists and master data together. Does not belong here: writing the
workbook (`book.py`), asking the store (`live.py`).
"""

from __future__ import annotations

from collections.abc import Mapping as MappingABC
from dataclasses import dataclass, field

from connectors.excel.finding import units
from hub.contracts.template.formulas import Cell
from hub.contracts.words import word
from schemas.model import (
    CodeList,
    Column,
    ColumnMapping,
    Contract,
    Mapping,
    Rule,
    Template,
    TemplateColumn,
    Text,
)
from schemas.problems import Language

# Units of contracts as headers write them, so that the reader knows them again.
_WRITTEN = {"CNY": "元", "days": "天", "percent": "%"}
ENTRY = "entry"  # system name of the dataset of a sheet that no upload template describes


@dataclass(frozen=True)
class Choices:
    """What a drop-down offers: (value, what it stands for or ""). live: from the store's master data.

    cut: there are more than stand here.
    """

    values: tuple[tuple[str, str], ...]
    live: bool = False
    cut: bool = False


@dataclass(frozen=True)
class Field:
    """One column of the sheet: `layout` as the reader knows it, `about` the entity column it fills, if any.

    rules: of the contract about this column; required: in every row.
    """

    layout: TemplateColumn
    about: Column | None
    required: bool
    rules: tuple[Rule, ...] = ()
    choices: Choices | None = None

    @property
    def conditional(self) -> tuple[Rule, ...]:
        """Rules that ask for a value in some rows only."""
        return tuple(rule for rule in self.rules if rule.kind == "required" and rule.where)

    @property
    def longest(self) -> int | None:
        """Characters that fit."""
        limits = [int(rule.args["max"]) for rule in self.rules if rule.kind == "length" and "max" in rule.args]
        if self.about is not None and self.about.max_length:
            limits.append(self.about.max_length)
        return min(limits, default=None)


@dataclass(frozen=True)
class Plan:
    """A whole entry sheet."""

    template: Template
    contract: Contract
    fields: tuple[Field, ...]
    cells: MappingABC[str, Cell] = field(default_factory=dict)  # entity column -> where it stands in row 2


def entry_template(contract: Contract) -> Template:
    """The layout of a sheet with all columns of an entity, headed by their Chinese titles."""
    return Template(
        name=contract.entity,
        title=contract.title,
        description=contract.description,
        department=contract.owner,
        entity=contract.entity,
        dataset=f"{ENTRY}.{contract.entity}",
        files=(),
        columns=tuple(
            TemplateColumn(
                source=column.title.zh,
                column=column.name,
                synonyms=tuple(
                    dict.fromkeys((column.title.en, *column.synonyms))
                ),  # the first one heads an English sheet
                required=_always_required(column.name, contract),
                unit=_WRITTEN.get(column.unit or ""),
            )
            for column in contract.columns
        ),
        key=tuple(contract.column(name).title.zh for name in contract.business_key),
    )


def entry_mapping(template: Template) -> Mapping:
    """How a filled-in sheet becomes rows of the entity."""
    columns = tuple(ColumnMapping(entry.column, entry.source) for entry in template.columns if entry.column)
    return Mapping(template.dataset, template.entity, template.department, columns)


def plan(
    template: Template,
    contract: Contract,
    codes: MappingABC[str, CodeList],
    language: Language,
    live: MappingABC[str, Choices] | None = None,
) -> Plan:
    """The sheet of a template. live: {entity column: choices from the store}; they win over code lists."""
    fields = []
    for layout in template.columns:
        if layout.origin != "cell":  # it is said by the name of the sheet or of the file
            continue
        about = contract.column(layout.column) if layout.column else None
        rules = tuple(rule for rule in contract.rules if about is not None and rule.column == about.name)
        choices = (live or {}).get(about.name) if about is not None else None
        choices = choices or _own_choices(about, codes, language) or _allowed(rules)
        fields.append(Field(layout, about, layout.required, rules, choices))
    cells = {
        entry.about.name: Cell(f"${column_name(number)}2", entry.about.type, _spellings(entry.about, codes, language))
        for number, entry in enumerate(fields, start=1)
        if entry.about is not None
    }
    return Plan(template, contract, tuple(fields), cells)


def column_name(number: int) -> str:
    """A, B, ... AA of a column counted from 1."""
    from connectors.excel.filetypes.cells import column_letters

    return column_letters(number)


def header_text(column: TemplateColumn, language: Language, required: bool) -> str:
    """The header people see: the language's own name, the unit in brackets, * where required."""
    name = column.source
    if language == "en":
        name = next((word for word in column.synonyms if word.isascii()), column.source)
    unit = f"({unit_text(column.unit, language)})" if column.unit else ""
    return f"{name}{unit}{'*' if required else ''}"


def unit_text(unit: str, language: Language) -> str:
    """A unit as people of that language write it."""
    return units.IN_ENGLISH.get(unit, unit) if language == "en" else unit


def _always_required(name: str, contract: Contract) -> bool:
    return contract.column(name).required or any(
        rule.kind == "required" and rule.column == name and rule.where is None and rule.severity == "error"
        for rule in contract.rules
    )


def _own_choices(about: Column | None, codes: MappingABC[str, CodeList], language: Language) -> Choices | None:
    if about is None:
        return None
    if about.type == "boolean":
        return Choices(((word(language, "template.yes"), ""), (word(language, "template.no"), "")))
    if about.code_list is not None and about.code_list in codes:
        titles = dict.fromkeys(code.title[language] for code in codes[about.code_list].codes)
        return Choices(tuple((title, "") for title in titles))
    return None


def _allowed(rules: tuple[Rule, ...]) -> Choices | None:
    """The values an in_list rule names itself, for all rows."""
    for rule in rules:
        if rule.kind == "in_list" and rule.where is None and rule.args.get("values"):
            return Choices(tuple((str(value), "") for value in rule.args["values"]))
    return None


def _spellings(about: Column, codes: MappingABC[str, CodeList], language: Language) -> dict[str, tuple[str, ...]]:
    """{standard value: what a cell may hold for it}."""
    if about.type == "boolean":
        return {
            "true": tuple(dict.fromkeys((word(language, "template.yes"), "是", "yes"))),
            "false": tuple(dict.fromkeys((word(language, "template.no"), "否", "no"))),
        }
    if about.code_list is None or about.code_list not in codes:
        return {}
    return {
        code.code: tuple(dict.fromkeys((code.title[language], code.title.zh, code.title.en, code.code, *code.aliases)))
        for code in codes[about.code_list].codes
    }


def heading(title: Text, language: Language) -> str:
    """A sheet's name: no more than 31 characters, none that Excel refuses."""
    return "".join(" " if sign in "[]:*?/\\" else sign for sign in title[language])[:31].strip("' ") or "1"
