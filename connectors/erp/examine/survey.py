"""`waterworks discover`: what an ERP database has, with sizes, keys, captions, and what tells a changed row.

Belongs here: looking and judging. Does not belong here: the documents written from it (`proposal.py`), the
screen (portal/cli). Nothing is read but the catalogue, counts, and the product's dictionary.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable
from dataclasses import dataclass

import pyarrow as pa

from connectors.erp.database.catalogue import Catalogue, SourceColumn, SourceTable
from connectors.erp.database.session import Session
from connectors.erp.examine.captions import Captions, read_captions
from connectors.erp.examine.facts import Index, family, indexes, row_estimates
from connectors.erp.presets import Preset, presets
from connectors.erp.reading.query import count_statement
from schemas.model import Text

COUNT_SECONDS = 20.0  # counting rows ends here; the rest says "not counted"
COUNT_UP_TO = 1_000_000  # a table that the statistics call larger is not counted

# Names of columns that are stamped anew at every change, most telling first.
_CHANGED = re.compile(
    r"(modif|updat|chang|edit|revis|last.?(time|date|mod)|mtime|write.?date|dmodify|修改|更新|变更|异动)", re.IGNORECASE
)
_CREATED = re.compile(r"(creat|insert|makedate|maketime|^ctime|创建|建立|制单|录入)", re.IGNORECASE)
_VERSION = re.compile(r"(row.?ver|ufts$|^pubts$|timestamp|(^|_)ts$|sync.?(no|id|ver))", re.IGNORECASE)


@dataclass(frozen=True)
class Candidate:
    """A column by which changed rows could be found. mode: the reading mode it is for; good: a read by it
    misses no change (a creation stamp does)."""

    column: str
    mode: str
    good: bool
    reason: Text
    indexed: bool | None = None


@dataclass(frozen=True)
class Surveyed:
    """One table or view. shown: as defs.yaml names it. rows: None = not counted; counted: False = by the
    database's statistics. key: the primary key, else a unique index, else empty; primary: which of them."""

    shown: str
    table: SourceTable
    rows: int | None
    counted: bool
    key: tuple[str, ...]
    primary: bool
    caption: str | None
    candidates: tuple[Candidate, ...]


@dataclass(frozen=True)
class Survey:
    """tables: those looked into, largest first; total: how many the account sees; product: the preset whose
    signature tables are all there."""

    tables: tuple[Surveyed, ...]
    total: int
    product: Preset | None
    captions: Captions
    catalogue: Catalogue


def survey(
    session: Session,
    database: str,
    like: Iterable[str] = (),
    names: Iterable[str] = (),
    limit: int = 100,
    preset: str | None = None,
) -> Survey:
    """like: SQL patterns ("T_BD%"), names: exact names; without either the `limit` largest tables, those of
    the product's preset before all others. preset: takes this one whatever the tables say."""
    catalogue = session.catalogue()
    everything = catalogue.names()
    product = presets()[preset] if preset is not None else recognised(everything)
    forms = product.forms if product else ()
    captions = read_captions(session, catalogue, product.dictionary if product else None, database, forms)
    estimates = row_estimates(session) or {}
    known = indexes(session)
    chosen = _chosen(everything, list(like), list(names))
    preferred = _preset_tables(product)

    def size(name: tuple[str | None, str]) -> tuple[bool, int, str]:
        rows = estimates.get(_place(catalogue, *name), -1)
        return name[1].casefold() not in preferred, -rows, name[1].casefold()

    deadline = time.monotonic() + COUNT_SECONDS
    found = []
    for schema, name in sorted(chosen, key=size)[: limit if limit > 0 else None]:
        table = catalogue.table(schema, name)
        place = _place(catalogue, schema, name)
        rows, counted = estimates.get(place), False
        if (rows is None or rows <= COUNT_UP_TO) and time.monotonic() < deadline:
            rows, counted = int(session.scalar(count_statement(table))), True
        own = None if known is None else known.get(place, [])
        found.append(_surveyed(session, catalogue, table, rows, counted, own, captions))
    return Survey(tuple(found), len(chosen), product, captions, catalogue)


def recognised(names: Iterable[tuple[str | None, str]]) -> Preset | None:
    """The product whose signature tables are all there; of several the one with the most."""
    there = {name.casefold() for _, name in names}
    fitting = [item for item in presets().values() if {name.casefold() for name in item.signature} <= there]
    return max(fitting, key=lambda item: len(item.signature), default=None)


def candidates(
    dialect: str, columns: Iterable[SourceColumn], own: list[Index] | None, captions: Captions, table: str
) -> tuple[Candidate, ...]:
    """Columns by which changed rows could be found, the best first, each with the reason."""
    found: list[tuple[int, Candidate]] = []
    leading = None if own is None else {index.columns[0].casefold() for index in own if index.columns}
    for column in columns:
        indexed = None if leading is None else column.name.casefold() in leading
        caption = captions.column(table, column.name) or ""
        said = f"{column.name} {caption}"
        temporal = pa.types.is_temporal(column.arrow) or (
            dialect == "sqlite" and bool(re.search("date|time", column.type_name, re.IGNORECASE))
        )
        kind = column.type_name.casefold()
        if dialect == "mssql" and kind in ("timestamp", "rowversion"):
            reason = Text("数据库自己的行版本，每次修改都会变", "the database's own row version, grows at every change")
            found.append((0, Candidate(column.name, "rowversion", True, reason, indexed)))
        elif temporal and _CHANGED.search(said):
            reason = Text("名字像最后修改时间", "looks like the time of the last change")
            found.append((1, Candidate(column.name, "watermark", True, reason, indexed)))
        elif temporal and _CREATED.search(said):
            reason = Text(
                "名字像创建时间：之后的修改读不到", "looks like the time of creation: later changes are missed"
            )
            found.append((3, Candidate(column.name, "watermark", False, reason, indexed)))
        elif pa.types.is_integer(column.arrow) and _VERSION.search(said):
            reason = Text("名字像版本号，请确认只增不减", "looks like a version number; make sure that it only grows")
            found.append((2, Candidate(column.name, "rowversion", True, reason, indexed)))
    return tuple(candidate for _, candidate in sorted(found, key=lambda item: item[0]))


def _surveyed(
    session: Session,
    catalogue: Catalogue,
    table: SourceTable,
    rows: int | None,
    counted: bool,
    own: list[Index] | None,
    captions: Captions,
) -> Surveyed:
    unique = sorted((index.columns for index in own or [] if index.unique), key=len)
    key = table.key or next(
        (c for c in unique if not any(table.columns[n].nullable for n in c if n in table.columns)), ()
    )
    away = table.schema and table.schema != catalogue.default_schema
    return Surveyed(
        shown=f"{table.schema}.{table.name}" if away else table.name,
        table=table,
        rows=rows,
        counted=counted,
        key=tuple(key),
        primary=bool(table.key),
        caption=captions.table(table.name),
        candidates=candidates(family(session), table.columns.values(), own, captions, table.name),
    )


def _chosen(
    everything: list[tuple[str | None, str]], like: list[str], names: list[str]
) -> list[tuple[str | None, str]]:
    if not like and not names:
        return everything
    patterns = [
        re.compile(re.escape(item).replace("%", ".*").replace(r"\*", ".*") + r"\Z", re.IGNORECASE) for item in like
    ]
    exact = {name.casefold() for name in names}
    return [
        (schema, name)
        for schema, name in everything
        if {name.casefold(), f"{schema}.{name}".casefold()} & exact or any(item.match(name) for item in patterns)
    ]


def _preset_tables(product: Preset | None) -> set[str]:
    if product is None:
        return set()
    recipes = [item.recipe for item in product.objects.values()]
    joined = [join["table"] for recipe in recipes for join in recipe.get("joins", [])]
    return {str(name).casefold() for name in [*(recipe["table"] for recipe in recipes), *joined]}


def _place(catalogue: Catalogue, schema: str | None, name: str) -> tuple[str, str]:
    """How `facts.py` names a table."""
    return ("" if schema is None or schema == catalogue.default_schema else schema), name
