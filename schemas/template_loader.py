"""Reads the layouts of workbooks from `schemas/templates/*.yaml`.

Belongs here: checking those files and naming file and line of a mistake. Does not belong here:
recognising a layout in a workbook (connectors/excel/finding/layout.py).
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

from schemas import template_options as options
from schemas.model import Template, TemplateColumn, Text
from schemas.template_options import broken as _broken
from schemas.yaml_lines import Document, load_document

FOLDER = Path(__file__).with_name("templates")
_FIELDS = {"name", "title", "description", "department", "entity", "dataset", "files", "columns", "key"}
_OPTIONAL = {"sheet", "sheets", "tables", "version_from", "hidden", "merged", "calendar", "pin"}
_COLUMN_FIELDS = {"source", "column", "synonyms", "required", "unit", "convert", "from", "type", "fill_down"}


@cache
def templates() -> dict[str, Template]:
    """All templates of the installation by name. Raises what `load_templates` raises."""
    return load_templates(FOLDER)


def load_templates(folder: Path) -> dict[str, Template]:
    """The templates in `*.yaml` of a folder by name, in file order.

    Raises Problem `template_broken` with file and line, and what `yaml_lines.load_document` raises.
    """
    found: dict[str, Template] = {}
    for path in sorted(folder.glob("*.yaml")):
        template = _template(load_document(path))
        if template.name != path.stem:
            raise _broken(load_document(path), f"name must be the file's own name, {path.stem!r}", "name")
        found[template.name] = template
    return found


def _template(document: Document) -> Template:
    data = document.data
    if not isinstance(data, dict):
        raise _broken(document, "the file must be a list of `field: value` lines")
    for field in data:
        if field not in _FIELDS | _OPTIONAL:
            raise _broken(document, f"unknown field {field!r}", field)
    for field in sorted(_FIELDS - data.keys()):
        raise _broken(document, f"the field {field!r} is missing")
    columns = _columns(document)
    sheets, all_sheets = options.sheets(document)
    names = {column.source for column in columns}
    for number, key in enumerate(_texts(document, "key")):
        if key not in names:
            raise _broken(document, f"key column {key!r} is not one of the columns", "key", number)
    return Template(
        name=_text(document, "name"),
        title=_wording(document, "title"),
        description=_wording(document, "description"),
        department=_text(document, "department"),
        entity=_text(document, "entity"),
        dataset=_text(document, "dataset"),
        files=_texts(document, "files"),
        columns=columns,
        key=_texts(document, "key"),
        sheets=sheets,
        all_sheets=all_sheets,
        all_tables=options.choice(document, ("best", "all"), "best", "tables") == "all",
        version_from=_pattern(document),
        hidden=options.hidden(document),
        merged=options.choice(document, ("first", "fill"), "first", "merged"),
        calendar=options.choice(document, ("gregorian", "roc"), None, "calendar"),
        pin=options.pin(document, columns),
        path=str(document.path),
    )


def _columns(document: Document) -> tuple[TemplateColumn, ...]:
    entries = document.data["columns"]
    if not isinstance(entries, list) or not entries:
        raise _broken(document, "'columns' must be a list with at least one column", "columns")
    columns: list[TemplateColumn] = []
    seen: dict[str, str] = {}
    for number, entry in enumerate(entries):
        where = ("columns", number)
        if not isinstance(entry, dict) or not isinstance(entry.get("source"), str):
            raise _broken(document, "a column needs at least `source`, the header as people write it", *where)
        for field in entry:
            if field not in _COLUMN_FIELDS:
                raise _broken(document, f"unknown field {field!r} of a column", *where, field)
        synonyms = entry.get("synonyms", [])
        if not isinstance(synonyms, list) or not all(isinstance(word, str) for word in synonyms):
            raise _broken(document, "'synonyms' must be a list of headers", *where, "synonyms")
        for flag in ("required", "convert", "fill_down"):
            if not isinstance(entry.get(flag, False), bool):
                raise _broken(document, f"{flag!r} must be true or false", *where, flag)
        for word in (entry["source"], *synonyms):
            if seen.setdefault(word, entry["source"]) != entry["source"]:
                raise _broken(document, f"{word!r} already belongs to column {seen[word]!r}", *where)
        columns.append(
            TemplateColumn(
                source=entry["source"],
                column=entry.get("column"),
                synonyms=tuple(synonyms),
                required=entry.get("required", False),
                unit=entry.get("unit"),
                convert=entry.get("convert", False),
                origin=options.choice(document, ("cell", "sheet", "file"), "cell", *where, "from"),
                type=options.choice(document, ("text", "number", "date"), None, *where, "type"),
                fill_down=entry.get("fill_down", False),
            )
        )
    return tuple(columns)


def _pattern(document: Document) -> str | None:
    if "version_from" not in document.data:
        return None
    pattern = _text(document, "version_from")
    try:
        groups = re.compile(pattern).groups
    except re.error as error:
        raise _broken(document, f"version_from is not a regular expression: {error}", "version_from") from error
    if not groups:
        raise _broken(document, "version_from needs one group (...) around the version", "version_from")
    return pattern


def _text(document: Document, field: str) -> str:
    value = document.data[field]
    if not isinstance(value, str) or not value.strip():
        raise _broken(document, f"{field!r} must be a text", field)
    return value


def _texts(document: Document, field: str) -> tuple[str, ...]:
    value = document.data[field]
    if not isinstance(value, list) or not value or not all(isinstance(item, str) for item in value):
        raise _broken(document, f"{field!r} must be a list of texts", field)
    return tuple(value)


def _wording(document: Document, field: str) -> Text:
    value: Any = document.data[field]
    if not isinstance(value, dict) or not all(isinstance(value.get(language), str) for language in ("zh", "en")):
        raise _broken(document, f"{field!r} needs a wording in both languages, zh and en", field)
    return Text(zh=value["zh"], en=value["en"])
