"""What tables and columns are called by people: from the ERP product's own dictionary, else the database's remarks.

Belongs here: reading the dictionaries of Kingdee K/3, Kingdee Cloud Galaxy and Yonyou U8. Does not belong
here: recognising a product (`survey.py`), remarks stored with a table (`facts.py`).

K/3: t_TableDescription and t_FieldDescription (seen in public SQL). U8: AA_ColumnDic_base in the database
UFMeta_<account set> (seen; its cKey is the name of a list, mostly that of the table). Galaxy: the XML of
T_META_OBJECTTYPE.FKERNELXML (seen); where in it table, field and name stand is from memory, so it is read
tolerantly: what is not found is simply without a caption.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from xml.etree import ElementTree

import pyarrow as pa
import sqlalchemy as sa

from connectors.erp.database.catalogue import Catalogue, SourceTable, find_column, find_table
from connectors.erp.database.session import Session
from connectors.erp.examine.facts import family, remarks, told
from schemas.problems import Problem

_XML_CHARACTERS = 20_000_000
_UFDATA = re.compile(r"^UFDATA_(\d{3})_\d{4}$", re.IGNORECASE)


@dataclass
class Captions:
    """By names in lower case, since dictionaries spell them as they like. `table`, `column`: look one up."""

    tables: dict[str, str] = field(default_factory=dict)
    columns: dict[tuple[str, str], str] = field(default_factory=dict)

    def table(self, name: str) -> str | None:
        return self.tables.get(name.casefold())

    def column(self, table: str, name: str) -> str | None:
        return self.columns.get((table.casefold(), name.casefold()))

    def add(self, table: str | None, column: str | None, text: str | None) -> None:
        """The first caption of a name wins: dictionaries are read before remarks."""
        if not table or not text or not (shown := " ".join(text.split())):
            return
        if column:
            self.columns.setdefault((table.casefold(), column.casefold()), shown)
        else:
            self.tables.setdefault(table.casefold(), shown)


def read_captions(
    session: Session, catalogue: Catalogue, dictionary: str | None, database: str, forms: Iterable[str] = ()
) -> Captions:
    """dictionary: "k3", "galaxy", "u8" or None; forms: the business objects of Galaxy to look into."""
    found = Captions()
    if dictionary == "k3":
        _of_k3(session, catalogue, found)
    elif dictionary == "galaxy":
        _of_galaxy(session, catalogue, found, list(forms))
    elif dictionary == "u8":
        _of_u8(session, catalogue, found, database)
    for (_, table, column), text in remarks(session).items():
        found.add(table, column, text)
    return found


def _of_k3(session: Session, catalogue: Catalogue, found: Captions) -> None:
    names: dict[str, str] = {}
    for number, table, text in _rows(
        session, catalogue, "t_TableDescription", "FTableID", "FTableName", "FDescription"
    ):
        names[number or ""] = table or ""
        found.add(table, None, text)
    for number, column, text in _rows(
        session, catalogue, "t_FieldDescription", "FTableID", "FFieldName", "FDescription"
    ):
        found.add(names.get(number or ""), column, text)


def _of_u8(session: Session, catalogue: Catalogue, found: Captions, database: str) -> None:
    rows: Iterable[tuple[str | None, ...]] = []
    for name in ("AA_ColumnDic_base", "AA_ColumnDic"):
        rows = rows or _rows(session, catalogue, name, "cKey", "cFld", "cCaption", "LocaleID")
    account = _UFDATA.match(database)
    if not rows and account is not None and family(session) == "mssql":
        # Since U8 8.7 the dictionary stands in a database of its own.
        rows = (
            told(session, f"SELECT cKey, cFld, cCaption, LocaleID FROM UFMeta_{account[1]}.dbo.AA_ColumnDic_base", 4)
            or []
        )
    for key, column, text, locale in rows:
        if (locale or "zh-CN").casefold() == "zh-cn":
            found.add(key, column, text)


def _of_galaxy(session: Session, catalogue: Catalogue, found: Captions, forms: list[str]) -> None:
    titles = {
        form: title
        for form, title, locale in _rows(session, catalogue, "T_META_OBJECTTYPE_L", "FID", "FNAME", "FLOCALEID")
        if locale == "2052"
    }
    for form, xml in _rows(session, catalogue, "T_META_OBJECTTYPE", "FID", "FKERNELXML", only=("FID", forms)):
        if xml and len(xml) <= _XML_CHARACTERS:
            _of_form(xml, titles.get(form), found)


def _of_form(xml: str, title: str | None, found: Captions) -> None:
    """Entities say <Key>, <TableName>, <Name>; fields say <EntityKey>, <FieldName>, <Name>."""
    if "<!" in xml[:10_000]:
        return  # no form has a DTD; one that has could be an attack
    try:
        root = ElementTree.fromstring(xml)  # noqa: S314 - without a DTD there are no entities to expand
    except ElementTree.ParseError:
        return  # a form nobody can read has no captions
    entities: dict[str, str] = {}
    fields: list[tuple[str, str, str]] = []
    for element in root.iter():
        said = {child.tag: (child.text or "").strip() for child in element}
        if said.get("TableName") and said.get("Key"):
            entities[said["Key"]] = said["TableName"]
            found.add(said["TableName"], None, " ".join(filter(None, (title, said.get("Name")))))
        elif said.get("FieldName") and said.get("Name"):
            fields.append((said.get("EntityKey", "FBillHead"), said["FieldName"], said["Name"]))
    for entity, column, name in fields:
        found.add(entities.get(entity), column, name)


def _rows(
    session: Session, catalogue: Catalogue, name: str, *wanted: str, only: tuple[str, list[str]] | None = None
) -> list[tuple[str | None, ...]]:
    """These columns of a table as texts; nothing if the database has no such table or column."""
    try:
        table = find_table(catalogue, "", "-", name)
        columns = [find_column(table, "", "-", column).name for column in wanted]
    except Problem:
        return []
    source = _clause(table)
    statement: Any = sa.select(*(sa.cast(source.c[column], _long_text(session)).label(column) for column in columns))
    if only is not None:
        statement = statement.where(source.c[find_column(table, "", "-", only[0]).name].in_(only[1]))
    schema = pa.schema([(column, pa.string()) for column in columns])
    result, _ = session.fetch(statement.select_from(source), schema)
    return list(zip(*(column.to_pylist() for column in result.columns), strict=True))


def _long_text(session: Session) -> sa.types.TypeEngine[Any]:
    # MySQL casts to CHAR, SQL Server to NVARCHAR(max); the XML of a form is long.
    return sa.UnicodeText() if family(session) in ("postgresql", "sqlite", "mssql") else sa.Unicode(4000)


def _clause(table: SourceTable) -> sa.TableClause:
    columns: list[Any] = [sa.column(sa.quoted_name(name, quote=True)) for name in table.columns]
    schema = sa.quoted_name(table.schema, quote=True) if table.schema else None
    return sa.table(sa.quoted_name(table.name, quote=True), *columns, schema=schema)
