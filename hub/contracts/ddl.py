"""CREATE TABLE for the entities of contracts, in PostgreSQL, SQL Server, MySQL/MariaDB and Oracle.

Belongs here: keys, constraints, comments, the order that fits the foreign keys. Does not belong here: the hub's own
tables (hub/store/core_tables.py: they hold rows of several sources and refuse nothing), types (`ddl_types.py`).
SQLAlchemy writes the statements, so that reserved words are quoted as each database wants it.
"""

from __future__ import annotations

from collections.abc import Collection
from collections.abc import Mapping as MappingABC
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hub.contracts.ddl_checks import Refused, checks
from hub.contracts.ddl_types import SERVERS, check_key, check_name, constraint_name, type_of
from hub.contracts.keys import Contracts, foreign_keys, keys
from hub.contracts.quoting import engine_dialect
from schemas.model import CodeList, Contract
from schemas.problems import Language, Problem

if TYPE_CHECKING:
    from sqlalchemy import MetaData, Table

_COMMENT = 1000  # characters; MySQL takes 1024


@dataclass(frozen=True)
class _Wanted:
    contracts: Contracts
    codes: MappingABC[str, CodeList]
    dialect: str
    language: Language
    strict: bool


def ddl(
    entities: Collection[str],
    contracts: Contracts,
    codes: MappingABC[str, CodeList],
    dialect: str,
    language: Language = "zh",
    strict: bool = False,
) -> str:
    """The script that creates the tables of these entities, those that others refer to first.

    A rule of severity error becomes a constraint where the database can hold it; `strict` takes warnings, too. What
    cannot be held stands as a comment. language: of the comments on tables and columns.
    Raises Problem `contract_dialect_unknown`, `contract_name_too_long`, `contract_key_too_wide`.
    """
    from sqlalchemy import MetaData
    from sqlalchemy.schema import AddConstraint, CreateTable, sort_tables_and_constraints

    if dialect not in SERVERS:
        raise Problem("contract_dialect_unknown", dialect=dialect, known=", ".join(SERVERS))
    wanted, metadata = _Wanted(contracts, codes, dialect, language, strict), MetaData()
    refused = {name: _add_table(metadata, contracts[name], wanted) for name in contracts}
    engine = engine_dialect(dialect)
    parts = [_head(entities, wanted)]
    late: list[str] = []
    for table, constraints in sort_tables_and_constraints(list(metadata.tables.values())):
        if table is None:  # foreign keys that go round in a circle
            late += [_statement(AddConstraint(item), engine) for item in constraints if item.table.name in entities]
        elif table.name in entities:
            create = CreateTable(table, include_foreign_key_constraints=list(constraints))
            parts.append("\n".join([*_notes(table.name, refused[table.name], wanted), _statement(create, engine)]))
            parts += _comments(table, engine, dialect)
    return "\n\n".join([*parts, *late]) + "\n"


def _add_table(metadata: MetaData, contract: Contract, wanted: _Wanted) -> list[Refused]:
    """Describe one table to SQLAlchemy; returns the rules that are not in it."""
    import sqlalchemy as sa

    dialect, entity = wanted.dialect, contract.entity
    found = checks(contract, wanted.codes, wanted.dialect, wanted.strict)
    key, *more = all_keys = keys(contract)
    for columns in all_keys:
        check_key(entity, [contract.column(name) for name in columns], dialect)
    refers = {name: reference for name, reference, holds in foreign_keys(contract, wanted.contracts) if holds}
    referred = {
        reference.column
        for other in wanted.contracts.values()
        for _, reference, holds in foreign_keys(other, wanted.contracts)
        if holds and reference.entity == entity
    }
    in_key = {name for columns in all_keys for name in columns} | refers.keys() | referred
    nullable = [name for name in key if not contract.column(name).required]
    items: list[Any] = []
    for column in contract.columns:
        # As long as what it refers to: SQL Server takes no other length in a foreign key.
        reference = refers.get(column.name)
        shape = wanted.contracts[reference.entity].column(reference.column) if reference else column
        items.append(
            sa.Column(
                check_name(column.name, dialect),
                type_of(shape, dialect, column.name in in_key),
                nullable=not column.required,
                autoincrement=False,
                comment=_words(wanted, column.title, column.description, column.unit),
            )
        )
    first = sa.UniqueConstraint if nullable else sa.PrimaryKeyConstraint
    items.append(first(*key, name=constraint_name(dialect, "uq" if nullable else "pk", entity)))
    items += [sa.UniqueConstraint(*columns, name=constraint_name(dialect, "uq", entity, *columns)) for columns in more]
    items += [
        sa.ForeignKeyConstraint(
            [name], [f"{reference.entity}.{reference.column}"], name=constraint_name(dialect, "fk", entity, name)
        )
        for name, reference in refers.items()
    ]
    items += [
        sa.CheckConstraint(sa.literal_column(check.sql), name=constraint_name(dialect, "ck", *check.name.split(".")))
        for check in found.held
    ]
    sa.Table(
        check_name(entity, dialect),
        metadata,
        *items,
        comment=_words(wanted, contract.title, contract.description),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",  # a code in small letters is another code
        mysql_engine="InnoDB",
    )
    refused = list(found.refused)
    if nullable:
        refused.append(Refused(f"{entity}: primary key", f"nullable: {', '.join(nullable)}"))
    return refused + [
        Refused(f"{entity}.{name} -> {reference.entity}.{reference.column}", "the target is not unique by itself")
        for name, reference, holds in foreign_keys(contract, wanted.contracts)
        if not holds
    ]


def _words(wanted: _Wanted, title: Any, description: Any, unit: str | None = None) -> str:
    """What a comment says: title, unit, description."""
    colon = "：" if wanted.language == "zh" else ": "
    text = title[wanted.language] + (f" ({unit})" if unit else "")
    return (text + (f"{colon}{description[wanted.language]}" if description else ""))[:_COMMENT]


def _statement(element: Any, engine: Any) -> str:
    lines = str(element.compile(dialect=engine)).strip().replace("\t", "  ").splitlines()
    return "\n".join(line.rstrip() for line in lines) + ";"


def _head(entities: Collection[str], wanted: _Wanted) -> str:
    versions = ", ".join(f"{name} {wanted.contracts[name].version}" for name in sorted(entities))
    return f"-- Waterworks contracts for {wanted.dialect}: {versions}\n-- waterworks contract ddl"


def _notes(entity: str, refused: list[Refused], wanted: _Wanted) -> list[str]:
    """Comments above a table: which tables it needs, and which rules the table itself does not hold."""
    needs = sorted(
        {r.entity for _, r, holds in foreign_keys(wanted.contracts[entity], wanted.contracts) if holds} - {entity}
    )
    lines = [f"-- needs first: {', '.join(needs)}"] if needs else []
    return lines + [f"-- not held by this table: {item.what} ({item.why})" for item in refused]


def _comments(table: Table, engine: Any, dialect: str) -> list[str]:
    """Statements for the comments where CREATE TABLE takes none."""
    from sqlalchemy.schema import SetColumnComment, SetTableComment

    if dialect == "mysql":
        return []
    commented = [column for column in table.columns if column.comment]
    if dialect == "tsql":
        lines = [_property(table.comment or "", table.name)]
        lines += [_property(column.comment or "", table.name, column.name) for column in commented]
    else:
        lines = [_statement(SetTableComment(table), engine)]
        lines += [_statement(SetColumnComment(column), engine) for column in commented]
    return ["\n".join(lines)]


def _property(comment: str, table: str, column: str | None = None) -> str:
    """SQL Server keeps comments as the extended property MS_Description, which Management Studio shows."""
    levels = [("SCHEMA", "dbo"), ("TABLE", table), *([("COLUMN", column)] if column else [])]
    places = ", ".join(
        f"@level{number}type = N'{kind}', @level{number}name = {_national(name)}"
        for number, (kind, name) in enumerate(levels)
    )
    return f"EXEC sp_addextendedproperty @name = N'MS_Description', @value = {_national(comment)}, {places};"


def _national(value: str) -> str:
    return "N'" + value.replace("'", "''") + "'"
