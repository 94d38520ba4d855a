"""All rows of an entity as one SQL relation: those in core and those that are held.

Belongs here: the text of that relation for PostgreSQL, the only place that knows how a held row's record
becomes typed columns again. Not here: what is wrong with the rows (`table_templates.py`, `sets/`), moving rows
between core and held (hub/landing/holding.py).

Every rule that looks at more than one row looks at this relation. A rule that did not see the rows it holds
would find nothing wrong with them, and they would be released only to be held again.
"""

from __future__ import annotations

import re
from collections.abc import Mapping as MappingABC

from hub.quality.literals import identifier, text
from hub.store.core_tables import sql_type
from schemas.model import Column, Contract

# Columns of every relation besides those of the contract. _held: the row waits in quality.held_row.
_OF_CORE = ("_dataset", "_source_key", "_plant", "_load_id", "_file_id", "_row_no", "false as _held")
_OF_HELD = ("dataset", "source_key", "plant", "load_id", "file_id", "row_no", "true")


def relation(contract: Contract, dataset: str | None = None, where: str | None = None) -> str:
    """A parenthesised SELECT, to be used behind FROM with an alias.

    Columns: _dataset, _source_key, _plant, _load_id, _file_id, _row_no, _held and the contract's columns in the
    types of core.<entity>. dataset: its rows only. where: a condition over these columns; rows for which it is
    not true are left out.
    """
    core = ", ".join([*_OF_CORE, *(identifier(column.name) for column in contract.columns)])
    held = ", ".join([*_OF_HELD, *(typed(column) for column in contract.columns)])
    of_core = "" if dataset is None else f" where _dataset = {text(dataset)}"
    of_held = "" if dataset is None else f" and dataset = {text(dataset)}"
    both = (
        f"(select {core} from core.{identifier(contract.entity)}{of_core}"
        f" union all select {held} from quality.held_row where entity = {text(contract.entity)}{of_held})"
    )
    return both if where is None else f"(select * from {both} as every_row where ({where}\n))"


def typed(column: Column) -> str:
    """The value of a held row in the type it has in core; a key that the record lacks is null."""
    value = f"record ->> {text(column.name)}"
    return f"({value})" if column.type == "string" else f"({value})::{sql_type(column)}"


def in_place_of_tables(query: str, contracts: MappingABC[str, Contract]) -> tuple[str, str]:
    """(common tables, query): a query over core.<entity> made to read the relations, held rows included.

    core."x", core.x and core.x.column lose their schema and so mean the common table of that name; the rest of
    the text stays as it was written. Entities the query does not name are left out.
    """
    used: dict[str, Contract] = {}

    def without_schema(part: re.Match[str]) -> str:
        name = (part["quoted"] or part["plain"] or "").replace('""', '"')
        entity = name if part["quoted"] else name.lower()
        if part["core"] is None or entity not in contracts:
            return part[0]
        used[entity] = contracts[entity]
        return identifier(entity)

    told = _CORE_TABLE.sub(without_schema, query)
    tables = [f"{identifier(name)} as not materialized {relation(contract)}" for name, contract in used.items()]
    return ", ".join(tables), told


# Texts, comments and quoted names come first, so that nothing inside them is taken for a table.
_CORE_TABLE = re.compile(
    r"""'(?:[^']|'')*' | --[^\n]* | /\*.*?\*/ | \$(?P<tag>\w*)\$.*?\$(?P=tag)\$
      | (?<![\w."])(?P<core>core|"core") \s*\.\s* (?: "(?P<quoted>(?:[^"]|"")+)" | (?P<plain>\w+) )
      | "(?:[^"]|"")*" """,
    re.VERBOSE | re.DOTALL | re.IGNORECASE,
)
