"""Rule SQL: rows planted for every rule come back, on PostgreSQL, MariaDB and DuckDB; what cannot be said is told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import duckdb
import pytest
import sqlalchemy as sa
import sqlglot

from hub.contracts.portable import DIALECTS, NotPortableError, condition
from hub.contracts.rule_sql import script, statements
from hub.contracts.words import catalogue
from schemas.loader import code_lists, contracts
from schemas.problems import Problem
from tests.hub.contracts.small import CODES, FORM, LINE, both, rule, with_rules

GOOD = (
    "A-1",
    "d1",
    1,
    "轴承",
    "P-1",
    "KG",
    "2",
    "4",
    "2026-01-02",
    "2026-01-20",
    "2026-01-02 10:30:00",
    "no",
    None,
    "s1",
)
# What each planted row changes, and the rules it breaks.
NAMES = [column.name for column in LINE.columns]
PLANTED: list[tuple[dict[str, Any], set[str]]] = [
    ({"line_code": "A-10"}, set()),
    ({"line_code": "  ", "order": "x11"}, {"code_required", "code_pattern"}),
    ({"line_code": "A-12", "order": "x12"}, {"code_unique"}),
    ({"line_code": "A-12", "order": "x13"}, {"code_unique"}),
    ({"line_code": "A-14", "order": None, "place": 7}, {"pair_once"}),
    ({"line_code": "A-15", "order": None, "place": 7}, {"pair_once"}),
    ({"line_code": "A-16", "name": "ab c"}, {"name_once"}),
    ({"line_code": "A-17", "name": "A Bc"}, {"name_once"}),
    ({"line_code": "a-18"}, {"code_pattern"}),
    ({"line_code": "A-19", "unit_code": "kg"}, {"unit_in_list"}),
    ({"line_code": "A-20", "qty": "1000.001", "total": "2000"}, {"qty_range", "half_steps"}),
    ({"line_code": "A-21", "made_on": "1999-12-31", "due_on": None}, {"day_range"}),
    ({"line_code": "A-22", "name": "一二三四五六七八九"}, {"name_short"}),
    ({"line_code": "A-23", "is_rejected": "yes"}, {"reason_if_rejected"}),
    ({"line_code": "A-24", "is_rejected": "yes", "reason": "划伤"}, set()),
    ({"line_code": "A-25", "is_rejected": "yes", "qty": "0", "total": "0"}, set()),
    ({"line_code": "A-26", "total": "5"}, {"total_fits"}),
    ({"line_code": "A-27", "due_on": "2026-01-01"}, {"dates_in_order", "made_before_due"}),
    ({"line_code": "A-28", "due_on": "2026-02-03"}, {"within_a_month"}),
    ({"line_code": "A-29", "name": "不合格"}, {"not_the_word"}),
    ({"line_code": "A-30", "part_code": "P-7", "name": "螺钉"}, {"same_name"}),
    ({"line_code": "A-31", "part_code": "P-7", "name": "螺母"}, {"same_name"}),
    ({"line_code": "A-32", "part_code": "P-404"}, {"part_known"}),
    ({"line_code": "A-33", "serial": "twice"}, {"serial_across"}),
    ({"line_code": "A-34", "serial": "twice"}, {"serial_across"}),
    ({"line_code": "A-35", "qty": "-2", "total": "-4"}, {"qty_range", "total_sign"}),
]  # fmt: skip
UNSAID = {"qty_readable", "agrees"}
_TABLES = """create table part (part_code varchar(20) not null);
create table line (line_code varchar(30), {q}order{q} varchar(30), place int, name varchar(60), part_code varchar(20),
 unit_code varchar(20), qty decimal(12,3), total decimal(20,6), made_on date, due_on date, changed_at timestamp null,
 is_rejected boolean, reason varchar(60), serial varchar(20))"""


def planted() -> list[tuple[Any, ...]]:
    """Good rows but for what is planted; name, order, serial and part differ from row to row unless planted."""
    rows = []
    for number, (change, _) in enumerate(PLANTED):
        own = {"order": f"d{number}", "name": f"名{number}", "serial": f"s{number}", "part_code": f"P-{number + 100}"}
        row = {**dict(zip(NAMES, GOOD, strict=True)), **own, **change}
        row["is_rejected"] = row["is_rejected"] == "yes"
        rows.append(tuple(row[name] for name in NAMES))
    return rows


def run(url: str) -> Iterator[Callable[[str], list[Any]]]:
    """Something that runs a query in a database that holds the planted rows."""
    engine = sa.create_engine(url)
    quote = "`" if engine.dialect.name == "mysql" else '"'
    with engine.connect() as connection:
        for statement in _TABLES.format(q=quote).split(";"):
            connection.exec_driver_sql(statement)
        for row in planted():
            line = sa.table("line", *[sa.column(name) for name in NAMES])
            connection.execute(line.insert().values(dict(zip(NAMES, row, strict=True))))
            if row[4] != "P-404":
                connection.execute(sa.text("insert into part values (:code)"), {"code": row[4]})
        yield lambda sql: list(connection.exec_driver_sql(sql.replace("%", "%%")))
    engine.dispose()


def in_duckdb() -> Iterator[Callable[[str], list[Any]]]:
    with duckdb.connect() as connection:
        connection.execute(_TABLES.format(q='"'))
        connection.executemany(f"insert into line values ({', '.join('?' * len(NAMES))})", planted())
        connection.execute("insert into part select distinct part_code from line where part_code <> 'P-404'")
        yield lambda sql: connection.execute(sql).fetchall()


@pytest.mark.servers
@pytest.mark.parametrize(
    ("dialect", "fixture"), [("postgres", "postgres_url"), ("mysql", "mariadb_url"), ("duckdb", None)]
)
def test_each_rule_returns_the_rows_planted_for_it(
    dialect: str, fixture: str | None, request: pytest.FixtureRequest
) -> None:
    for ask in run(request.getfixturevalue(fixture)) if fixture else in_duckdb():
        found: dict[str, set[str]] = {}
        for statement in statements(LINE, CODES, dialect, "en"):
            name = statement.rule.id.partition(".")[2]
            if statement.sql is None:
                found[name] = set()
                continue
            rows = ask(statement.sql)
            found[name] = {row[0] for row in rows}
            assert {row[1] for row in rows} <= {statement.rule.column}
        expected = {name: {change["line_code"] for change, rules in PLANTED if name in rules} for name in found}
        assert found == expected
        assert {name for name, keys in expected.items() if not keys} == UNSAID


FORMS = [
    ("F-100", "91350211M000100Y46", "a@b.cn", "6222020200112230", "110101199003078515", 10, "2026-01-02 10:30:00"),
    ("F-1O0", "91350211M000100Y44", "a.b.cn", "6222020200112237", "11010119900307851X", 11, "2030-12-31 23:59:00"),
    ("99", None, None, None, None, 12, "2031-01-01 00:00:00"),
    *((f"G-10{number}", None, None, None, None, 10 + number, None) for number in range(6)),
    ("G-999", None, None, None, None, 90000, None),
]


@pytest.mark.servers
@pytest.mark.parametrize(
    ("dialect", "fixture"), [("postgres", "postgres_url"), ("mysql", "mariadb_url"), ("duckdb", None)]
)
def test_check_digits_forms_and_outliers(dialect: str, fixture: str | None, request: pytest.FixtureRequest) -> None:
    table = """create table form (form_code varchar(20), uscc varchar(20), mail varchar(40), card varchar(20),
      person varchar(20), price decimal(12,2), made_at timestamp null)"""
    expected = {
        "code_suspect": {"F-1O0", "99"}, "uscc_valid": {"F-1O0"}, "card_valid": {"F-1O0"}, "person_valid": {"F-1O0"},
        "mail_form": {"F-1O0"}, "made_in_time": {"99"}, "price_far_off": {"G-999"},
    }  # fmt: skip
    engine = sa.create_engine(request.getfixturevalue(fixture)) if fixture else None
    with engine.connect() if engine else duckdb.connect() as connection:
        ask = connection.exec_driver_sql if engine else connection.execute
        ask(table)
        for row in FORMS:
            ask(f"insert into form values ({', '.join('null' if cell is None else repr(cell) for cell in row)})")
        for statement in statements(FORM, CODES, dialect, "en"):
            name = statement.rule.id.partition(".")[2]
            if statement.sql is None:
                assert (dialect, name) == ("mysql", "price_far_off")
                continue
            found = ask(statement.sql.replace("%", "%%") if engine else statement.sql)
            assert {row[0] for row in found.fetchall()} == expected[name], name


def test_a_value_comes_with_its_key() -> None:
    for ask in in_duckdb():
        rows = {s.rule.id: ask(s.sql) for s in statements(LINE, CODES, "duckdb", "en") if s.sql}
        assert rows["line.qty_range"] == [
            ("A-20", "qty", Decimal("1000.001")),
            ("A-35", "qty", Decimal("-2.000")),
        ]


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_shipped_rule_can_be_parsed_or_is_told(dialect: str) -> None:
    for contract in contracts().values():
        for statement in statements(contract, code_lists(), dialect, "zh"):
            if statement.sql is None:
                assert statement.why
            else:
                assert isinstance(sqlglot.parse_one(statement.sql, read=dialect), sqlglot.exp.Select)


def test_a_script_tells_titles_and_gaps_in_both_languages() -> None:
    zh, en = (script(LINE, CODES, "tsql", language) for language in ("zh", "en"))
    assert "-- line.qty_range [error, accuracy] 规则 qty_range" in zh
    assert "-- line.qty_range [error, accuracy] rule qty_range" in en
    assert "SQL Server 2025 之前没有正则表达式" in zh
    assert "NOT (name COLLATE Latin1_General_100_BIN2 <> N'不合格')" in zh
    assert "DATEDIFF(DAY, made_on, due_on) <= 31" in zh
    assert "not run on a real server" in en


def test_the_table_may_have_another_name() -> None:
    sql = script(LINE, CODES, "postgres", "en", "erp.so_line")
    assert "from erp.so_line" in sql
    assert "from erp.part r" in sql


def test_a_function_without_an_equal_is_told_not_hoped_for() -> None:
    odd = with_rules(LINE, rule("line", "near", "expression", "name", sql="levenshtein(name, serial) > 2"))
    (told,) = statements(odd, CODES, "mysql", "en")
    assert (told.sql, "levenshtein" in (told.why or "")) == (None, True)
    (said,) = statements(odd, CODES, "duckdb", "en")
    assert said.sql is not None
    with pytest.raises(NotPortableError):
        condition("name = = 3", "postgres", {})
    with pytest.raises(Problem) as problem:
        list(statements(LINE, CODES, "db2", "en"))
    assert problem.value.code == "contract_dialect_unknown"


@pytest.mark.parametrize(
    ("sql", "dialect", "expected"),
    [
        ("is_rejected", "oracle", "is_rejected = 1"),
        ("not is_rejected", "tsql", "NOT is_rejected = 1"),
        ("reason is distinct from name", "oracle", "NOT (reason = name OR (reason IS NULL AND name IS NULL))"),
        ("trim(reason) = ''", "oracle", "TRIM(reason) IS NULL"),
        ("due_on < current_date", "tsql", "due_on < CAST(GETDATE() AS DATE)"),
        ("due_on < current_date", "oracle", "due_on < TRUNC(CURRENT_DATE)"),
        ("due_on - 3 > made_on", "mysql", "DATE_SUB(due_on, INTERVAL 3 DAY) > made_on"),
        ("cast(place as varchar) = '1'", "tsql", "CAST(place AS NVARCHAR(4000)) = '1'"),
    ],
)
def test_what_sqlglot_leaves_to_its_user(sql: str, dialect: str, expected: str) -> None:
    assert condition(sql, dialect, {column.name: column for column in LINE.columns}) == expected


def test_words_are_in_both_languages_with_the_same_names() -> None:
    import string

    def names(text: str) -> set[str | None]:
        return {name for _, name, _, _ in string.Formatter().parse(text) if name}

    assert [key for key, text in catalogue().items() if names(text["zh"]) != names(text["en"])] == []
    assert both("x").en == "x"


def test_every_word_is_a_text_in_two_languages() -> None:
    assert [key for key, text in catalogue().items() if set(text) != {"zh", "en"}] == []
