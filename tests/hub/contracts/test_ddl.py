"""Tables of contracts: created, filled and refusing on PostgreSQL and MariaDB; of the same shape for the other two."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa
import sqlglot
from sqlglot import exp

from hub.contracts.ddl import ddl
from hub.contracts.ddl_types import SERVERS
from schemas.loader import code_lists, contracts
from schemas.model import Reference
from schemas.problems import Problem
from tests.hub.contracts.small import CODES, LINE, PART, SMALL, column

GOOD: dict[str, Any] = {
    "line_code": "A-1", "order": "=单据🏭", "place": 1, "name": "轴承座", "part_code": "P-1", "unit_code": "KG",
    "qty": 2, "total": 4, "made_on": "2026-01-02", "due_on": "2026-01-20", "changed_at": "2026-01-02 10:30:00",
    "is_rejected": False, "reason": None, "serial": None,
}  # fmt: skip


@contextmanager
def created(url: str, script: str) -> Iterator[sa.Connection]:
    """A connection to a database in which the script was run, statement by statement."""
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        for statement in script.split(";\n"):
            if statement.strip():
                connection.exec_driver_sql(statement.replace("%", "%%"))
        connection.commit()
        yield connection
    engine.dispose()


def insert(connection: sa.Connection, table: str, row: dict[str, Any]) -> None:
    cells = [sa.column(name) for name in row]
    connection.execute(sa.table(table, *cells).insert().values(row))


@pytest.mark.servers
@pytest.mark.parametrize(("fixture", "dialect"), [("postgres_url", "postgres"), ("mariadb_url", "mysql")])
def test_all_contracts_in_an_order_that_fits(fixture: str, dialect: str, request: pytest.FixtureRequest) -> None:
    known = contracts()
    script = ddl(known, known, code_lists(), dialect, strict=True)
    with created(request.getfixturevalue(fixture), script) as connection:
        inspector = sa.inspect(connection)
        assert set(inspector.get_table_names()) == set(known)
        for entity, contract in known.items():
            found = inspector.get_columns(entity)
            assert [entry["name"] for entry in found] == [entry.name for entry in contract.columns]
            assert all(e["comment"].startswith(c.title.zh) for e, c in zip(found, contract.columns, strict=True))
            assert inspector.get_table_comment(entity)["text"].startswith(contract.title.zh)
        insert(
            connection, "material", {"material_code": "00012", "material_name": "轴承座（含密封圈）", "is_active": True}
        )
        read = connection.exec_driver_sql("select material_code, material_name, is_active from material").one()
        assert tuple(read) == ("00012", "轴承座（含密封圈）", True)
        connection.commit()
        for wrong in (
            {"material_code": "00012", "material_name": "又一个"},
            {"material_code": "3", "material_name": None},
        ):
            with pytest.raises(sa.exc.DBAPIError):
                insert(connection, "material", wrong)
            connection.rollback()


@pytest.mark.servers
@pytest.mark.parametrize(("fixture", "dialect"), [("postgres_url", "postgres"), ("mariadb_url", "mysql")])
def test_a_table_refuses_what_the_contract_holds_back(
    fixture: str, dialect: str, request: pytest.FixtureRequest
) -> None:
    with created(request.getfixturevalue(fixture), ddl(SMALL, SMALL, CODES, dialect)) as connection:
        insert(connection, "part", {"part_code": "P-1"})
        insert(connection, "line", GOOD)
        # A rule of severity warning refuses nothing; capitals are another code.
        insert(connection, "line", {**GOOD, "line_code": "a-1", "due_on": "2020-01-01"})
        insert(connection, "line", {**GOOD, "line_code": "A-9", "is_rejected": True, "qty": 0, "total": 0})
        connection.commit()
        wrong: list[dict[str, Any]] = [
            {"line_code": None}, {"line_code": "A-1"}, {"unit_code": "公斤"}, {"qty": 1001}, {"made_on": "1999-12-31"},
            {"name": "一二三四五六七八九"}, {"total": 9}, {"part_code": "P-2"}, {"is_rejected": True},
            {"order": "x" * 31},
        ]  # fmt: skip
        for change in wrong:
            with pytest.raises(sa.exc.DBAPIError):
                insert(connection, "line", {**GOOD, "line_code": "A-2", **change})
            connection.rollback()
        insert(connection, "line", {**GOOD, "line_code": "A-2", "is_rejected": True, "reason": "划伤" * 2000})
        stored = connection.execute(sa.text("select reason from line where line_code = 'A-2'")).scalar_one()
        assert stored == "划伤" * 2000


def shape(script: str, dialect: str) -> dict[str, Any]:
    """{table: (columns, columns that must be filled, keys, references, number of checks)} by sqlglot's reading."""
    found: dict[str, Any] = {}
    for statement in sqlglot.parse(script, read=dialect):
        if not isinstance(statement, exp.Create):
            continue
        columns = list(statement.find_all(exp.ColumnDef))
        found[statement.this.this.name] = (
            [entry.name for entry in columns],
            [entry.name for entry in columns if any(
                isinstance(part.kind, exp.NotNullColumnConstraint) and not part.kind.args.get("allow_null")
                for part in entry.constraints)],
            [[part.name for part in entry.expressions] for entry in statement.find_all(exp.PrimaryKey)],
            sorted((entry.expressions[0].name, entry.args["reference"].this.this.name)
                   for entry in statement.find_all(exp.ForeignKey)),
            len(list(statement.find_all(exp.CheckColumnConstraint))),
        )  # fmt: skip
    return found


def test_every_dialect_has_the_same_shape() -> None:
    known = contracts()
    scripts = {dialect: ddl(known, known, code_lists(), dialect) for dialect in SERVERS}
    shapes = {dialect: shape(script, dialect) for dialect, script in scripts.items()}
    assert len(shapes["postgres"]) == len(known)
    assert [shapes["mysql"], shapes["tsql"]] == [shapes["postgres"], shapes["postgres"]]
    truths = {name: sum(entry.type == "boolean" for entry in contract.columns) for name, contract in known.items()}
    # Oracle's yes/no is a number, which a CHECK keeps to 0 and 1.
    assert {
        name: (*rest, count - truths[name]) for name, (*rest, count) in shapes["oracle"].items()
    } == {name: (*rest, count) for name, (*rest, count) in shapes["postgres"].items()}  # fmt: skip


@pytest.mark.parametrize(
    ("dialect", "lines"),
    [
        ("tsql", ["line_code NVARCHAR(30) NOT NULL", "[order] NVARCHAR(30) NULL", "part_code NVARCHAR(20) NULL",
                  "reason NVARCHAR(max) NULL", "serial NVARCHAR(max) NULL", "qty DECIMAL(12, 3) NULL",
                  "changed_at DATETIME2(6) NULL", "is_rejected BIT NULL",
                  "CHECK (NOT reason IS NULL OR NOT is_rejected = 1 OR qty <= 0)",
                  "@value = N'订单''s'", "@level2name = N'order'"]),
        ("oracle", ['"order" VARCHAR2(30 CHAR)', "place NUMBER(19, 0)", "reason CLOB", "serial VARCHAR2(1000 CHAR)",
                    "is_rejected NUMBER(1, 0)", "CHECK (is_rejected IN (0, 1))", "TO_DATE('2000-01-01', 'YYYY-MM-DD')",
                    "COMMENT ON COLUMN line.\"order\" IS '订单''s'"]),
        ("mysql", ["`order` VARCHAR(30) COMMENT '订单''s'", "reason VARCHAR(5000)", "serial LONGTEXT",
                   "changed_at DATETIME(6)", "COLLATE utf8mb4_bin"]),
        ("postgres", ['"order" VARCHAR(30)', "serial TEXT", "FOREIGN KEY(part_code) REFERENCES part (part_code)"]),
    ],
)  # fmt: skip
def test_types_and_words_of_each_database(dialect: str, lines: list[str]) -> None:
    script = ddl(["line"], SMALL, CODES, dialect)
    assert [line for line in lines if line not in script] == []
    assert "-- needs first: part" in script
    assert "CREATE TABLE part" not in script


def test_what_a_table_cannot_hold_is_told() -> None:
    strict = ddl(["line"], SMALL, CODES, "tsql", strict=True)
    assert "-- not held by this table: line.code_pattern (tsql: regex)" in strict
    assert "-- not held by this table: line.agrees (disagreement)" in strict
    free = replace(LINE, columns=tuple(
        replace(entry, references=Reference("part", "part_name")) if entry.name == "serial" else entry
        for entry in LINE.columns))  # fmt: skip
    script = ddl(["line"], {"part": PART, "line": free}, CODES, "postgres")
    assert "line.serial -> part.part_name (the target is not unique by itself)" in script


def test_tables_that_refer_to_each_other() -> None:
    a = replace(PART, columns=(*PART.columns, column("line_code", references=Reference("line", "line_code"))))
    script = ddl(["part", "line"], {"part": a, "line": LINE}, CODES, "postgres")
    assert "ALTER TABLE" in script
    assert len([tree for tree in sqlglot.parse(script, read="postgres") if isinstance(tree, exp.Create)]) == 2


def test_comments_in_english() -> None:
    assert "COMMENT ON TABLE part IS 'Part: one row per part'" in ddl(["part"], SMALL, CODES, "postgres", "en")


def test_what_no_database_takes_is_refused_with_a_sentence() -> None:
    wide = replace(PART, columns=(column("part_code", required=True, max_length=600),))
    for dialect, contract, code in (
        ("tsql", wide, "contract_key_too_wide"),
        ("postgres", replace(PART, columns=(*PART.columns, column("n" * 70))), "contract_name_too_long"),
        ("db2", PART, "contract_dialect_unknown"),
    ):
        with pytest.raises(Problem) as problem:
            ddl(["part"], {"part": contract}, CODES, dialect)
        assert problem.value.code == code
