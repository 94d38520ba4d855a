"""Small ERP databases, the same rows in each dialect, for one suite over all of them.

Belongs here: seeding. Does not belong here: assertions.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import sqlalchemy as sa

from tests.servers import MariadbServer, PostgresServer, sqlite_odbc

DIALECTS = ["sqlite", "sqlite+odbc", "postgresql", "mariadb", "postgresql+odbc", "mariadb+odbc"]
ITEMS = 23
# Beyond what a float can hold: 23 significant digits.
EXACT = Decimal("1234567890123.0123456789")


@dataclass(frozen=True)
class Database:
    """`url` for the connector, `writer` for the test to change rows with."""

    dialect: str
    url: str
    writer: sa.Engine

    @property
    def is_sqlite(self) -> bool:
        return self.dialect.startswith("sqlite")

    @property
    def family(self) -> str:
        """sqlite, postgresql or mariadb."""
        return self.dialect.partition("+")[0]

    def execute_all(self, statements: list[tuple[str, dict[str, object]]]) -> None:
        with self.writer.begin() as connection:
            for sql, values in statements:
                connection.execute(sa.text(self.quoted(sql)), values)

    def execute(self, sql: str, **values: object) -> None:
        self.execute_all([(sql, values)])

    def quoted(self, sql: str) -> str:
        """Test SQL quotes identifiers with double quotes; MariaDB wants backticks."""
        return sql.replace('"', "`") if "mariadb" in self.dialect else sql


def stamp(number: int) -> datetime:
    return datetime(2024, 3, 5, 8, 0, 0, 123456) + timedelta(minutes=number)


def create(dialect: str, folder: Path, postgres: PostgresServer | None, mariadb: MariadbServer | None) -> Database:
    """A new database with tables t_MeasureUnit, t_ICItem, ICBOM, ICBOMChild in the shape of Kingdee K/3."""
    if postgres is not None:
        name = postgres.create_database()
        writer_url, odbc = postgres.url(name), postgres.odbc(name)
    elif mariadb is not None:
        name = mariadb.create_database()
        writer_url, odbc = mariadb.url(name), mariadb.odbc(name)
    else:
        writer_url, odbc = f"sqlite:///{folder / 'k3.db'}", sqlite_odbc(folder / "k3.db")
    database = Database(dialect, odbc if dialect.endswith("+odbc") else writer_url, sa.create_engine(writer_url))
    _seed(database)
    return database


def _seed(database: Database) -> None:
    statements: list[tuple[str, dict[str, object]]] = []

    def add(sql: str, **values: object) -> None:
        statements.append((sql, values))

    micros = "DATETIME(6)" if "mariadb" in database.dialect else "TIMESTAMP"
    blob = "BYTEA" if database.dialect.startswith("postgresql") else "BLOB"
    long_text = "LONGTEXT" if "mariadb" in database.dialect else "TEXT"
    for statement in (
        'CREATE TABLE "t_MeasureUnit" ("FMeasureUnitID" INTEGER PRIMARY KEY, "FName" VARCHAR(40))',
        f'CREATE TABLE "t_ICItem" ("FItemID" BIGINT PRIMARY KEY, "FNumber" VARCHAR(80), "FName" VARCHAR(255), '
        f'"FNote" {long_text}, "FUnitID" INTEGER, "FPlanPrice" DECIMAL(23,10), "FWeight" DOUBLE PRECISION, '
        f'"FPicture" {blob}, "FChanged" {micros} NULL, "FStart" DATE, "FDeleted" SMALLINT)',
        'CREATE TABLE "ICBOM" ("FInterID" INTEGER PRIMARY KEY, "FBOMNumber" VARCHAR(40), "FItemID" BIGINT)',
        'CREATE TABLE "ICBOMChild" ("FInterID" INTEGER, "FEntryID" INTEGER, "FItemID" BIGINT, "FQty" DECIMAL(20,4), '
        'PRIMARY KEY ("FInterID", "FEntryID"))',
        # A view-like table without any constraint: keys may be NULL or repeat.
        'CREATE TABLE "loose" ("code" VARCHAR(20), "part" INTEGER)',
    ):
        add(statement)
    for unit, name in ((1, "千克"), (2, "KG"), (3, None)):
        add('INSERT INTO "t_MeasureUnit" VALUES (:unit, :name)', unit=unit, name=name)
    for number in range(1, ITEMS + 1):
        add(
            'INSERT INTO "t_ICItem" VALUES (:id, :number, :name, :note, :unit, :price, :weight, :picture, :changed, '
            ":start, :deleted)",
            id=2**53 + number,  # neighbours that a float cannot tell apart
            number=f"01.{number:03d}",
            name=f"不锈钢螺栓 M{number}",
            note="长" * 20_000 if number == 7 else None,
            unit=number % 4 or None,
            price=str(EXACT) if number != 5 else None,
            weight=0.1 * number,
            picture=b"\x00\xff" if number == 3 else None,
            changed=stamp(number).isoformat(sep=" ") if number != 9 else None,
            start="2024-03-05",
            deleted=int(number % 10 == 0),
        )
    for bom in (1, 2, 3):
        add('INSERT INTO "ICBOM" VALUES (:a, :b, :c)', a=bom, b=f"BOM{bom:03d}", c=2**53 + bom)
        for entry in (1, 2, 3, 4):
            item = 2**53 + 10 + entry if entry != 4 else 99
            add('INSERT INTO "ICBOMChild" VALUES (:a, :b, :c, :q)', a=bom, b=entry, c=item, q=f"{entry}.2500")
    database.execute_all(statements)
