"""The pages of the data dictionary as HTML text.

Belongs here: gathering what a page shows and rendering it. Does not belong here: who uses an entity (`users.py`).
A page loads nothing: style is inside, the switch between the languages needs no script. Everything is escaped.
"""

from __future__ import annotations

from collections.abc import Mapping as MappingABC
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hub.contracts.template.live import references
from hub.contracts.users import users
from hub.contracts.words import catalogue, word
from hub.store.core_tables import sql_type
from schemas.loader import code_lists
from schemas.model import Column, Contract
from schemas.problems import Language

if TYPE_CHECKING:
    from jinja2 import Environment

_FOLDER = Path(__file__).parent


def page(contract: Contract, contracts: MappingABC[str, Contract], languages: tuple[Language, ...]) -> str:
    """The page of one entity; with two languages the reader chooses."""
    codes = code_lists()
    named = dict.fromkeys(column.code_list for column in contract.columns if column.code_list in codes)
    return _render(
        "entity.html.j2",
        languages,
        heading=" / ".join(contract.title[language] for language in languages),
        contract=contract,
        refers=references(contract),
        used=users(contract, contracts),
        titles={entity: other.title for entity, other in contracts.items()},
        lists=[codes[name] for name in named if name is not None],
        type_of=_type_of,
        sla=_sla,
        sla_name=_sla_name,
    )


def index_page(contracts: MappingABC[str, Contract], languages: tuple[Language, ...]) -> str:
    """The list of all entities, linking to `<entity>.html` beside it."""
    return _render(
        "index.html.j2",
        languages,
        heading=" / ".join(word(language, "dictionary.title") for language in languages),
        contracts=list(contracts.values()),
    )


def _render(template: str, languages: tuple[Language, ...], **facts: Any) -> str:
    made = _environment().get_template(template)
    return made.render(languages=languages, word=word, department=_department, css=_css(), **facts)


@cache
def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@cache
def _css() -> Any:
    from markupsafe import Markup

    return Markup((_FOLDER / "page.css").read_text(encoding="utf-8"))  # noqa: S704  # our own file


def _department(code: str, language: Language) -> str:
    known = {entry.code: entry.title[language] for entry in code_lists()["department"].codes}
    return known.get(code, code)


def _type_of(column: Column) -> str:
    """The type with its length or precision."""
    return f"text({column.max_length})" if column.type == "string" and column.max_length else sql_type(column)


def _sla_name(name: str, language: Language) -> str:
    """What an ODCS service level property is called."""
    return word(language, f"sla.{name}") if f"sla.{name}" in catalogue() else name


def _sla(value: Any) -> str:
    """A service level: a number is in hours."""
    return f"{value} h" if isinstance(value, int | float) and not isinstance(value, bool) else str(value)
