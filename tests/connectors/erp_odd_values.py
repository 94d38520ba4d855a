"""Tables with the values that drivers get wrong, and what they must land as, per database.

Belongs here: seeding and expectations. Does not belong here: assertions (test_erp_values.py).
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from tests.connectors.erp_databases import Database

LONG = "长" * 1_700_000  # 5.1 MB of UTF-8
NULLS: list[Any] = [None, None]

_POSTGRESQL = (
    """CREATE TABLE odd (id INTEGER PRIMARY KEY, ts TIMESTAMP, d DATE, n NUMERIC, wide NUMERIC(50,10), amount MONEY,
       bits BIT(5), t TIME, u UUID, j JSONB, x XML, span INTERVAL, zoned TIMESTAMPTZ, note TEXT, r REAL, list INTEGER[],
       flag BOOLEAN, raw BYTEA)""",
    """INSERT INTO odd VALUES
       (1, 'infinity', '-infinity', 'NaN', 1.5, 12.34, B'10101', '08:00:00.123456',
        '12345678-1234-1234-1234-123456789012', '{"a": 1.10}', '<a/>', '1 day', '2024-01-01 00:00+00',
        repeat('长', 1700000), 0.1, '{1,2}', true, '\\x00ff'),
       (2, '0044-03-15 12:00 BC', '20240-03-05', 1e60,
        -99999999999999999999999999999999999999.0000000001, -92233720368547758.08, NULL, '24:00', NULL, NULL, NULL,
        NULL, NULL, 'a', 3.4e38, NULL, NULL, NULL),
       (3, '2024-03-05 08:00:00.123456', '2024-03-05', 0.1, 0, 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '', NULL,
        NULL, false, NULL)""",
)
_POSTGRESQL_EXPECTED: dict[str, list[Any]] = {
    "ts": [None, None, datetime(2024, 3, 5, 8, 0, 0, 123456)],
    "d": [None, None, date(2024, 3, 5)],
    "n": ["NaN", "1" + "0" * 60, "0.1"],
    "wide": ["1.5000000000", "-99999999999999999999999999999999999999.0000000001", "0.0000000000"],
    "amount": [Decimal("12.34"), Decimal("-92233720368547758.08"), Decimal("0.00")],
    "bits": ["10101", *NULLS],
    "t": ["08:00:00.123456", "24:00:00", None],
    "u": ["12345678-1234-1234-1234-123456789012", *NULLS],
    "j": ['{"a": 1.10}', *NULLS],
    "x": ["<a/>", *NULLS],
    "span": ["1 day", *NULLS],
    "zoned": [datetime(2024, 1, 1, 8), *NULLS],  # Shanghai
    "note": [LONG, "a", ""],
    "r": [0.1, 3.4e38, None],
    "list": ["{1,2}", *NULLS],
    "flag": [True, None, False],
    "raw": [b"\x00\xff", *NULLS],
}

_MARIADB = (
    """CREATE TABLE odd (id INTEGER PRIMARY KEY, ts DATETIME(6), d DATE, t TIME(6), y YEAR, bits BIT(9), bit1 BIT(1),
       big BIGINT UNSIGNED, wide DECIMAL(65,30), j JSON, e ENUM('b', 'a'), s SET('x', 'y'), raw VARBINARY(20),
       note LONGTEXT, r FLOAT, stamp TIMESTAMP NULL, gbk VARCHAR(20) CHARACTER SET gbk,
       big5 VARCHAR(20) CHARACTER SET big5, utf8 VARCHAR(20) CHARACTER SET utf8mb3, nul VARCHAR(20))""",
    """INSERT INTO odd VALUES
       (1, '0000-00-00', '0000-00-00', '-838:59:59', 2024, b'101010101', 1, 18446744073709551615,
        12345678901234567890123456789012345.123456789012345678901234567890, '{"a": 1.10}', 'a', 'x,y', x'00ff',
        repeat('长', 1700000), 0.1, '2024-01-01 08:00:00', '中文', '中文', '中文', concat('a', char(0), 'b')),
       (2, '2024-00-00', '2024-02-00', NULL, 0, 0, 0, 5, 1, NULL, NULL, NULL, NULL, 'a😀', 1, NULL, NULL, NULL, NULL,
        NULL),
       (3, '9999-12-31 23:59:59.999999', '0001-01-01', NULL, 0, 0, 0, 5, 1, NULL, NULL, NULL, NULL, '', 1, NULL, NULL,
        NULL, NULL, NULL)""",
)
_ONE = "1." + "0" * 30
_MARIADB_EXPECTED: dict[str, list[Any]] = {
    "ts": [None, None, datetime(9999, 12, 31, 23, 59, 59, 999999)],
    "d": [None, None, date(1, 1, 1)],
    "t": ["-838:59:59.000000", *NULLS],
    "y": [2024, 0, 0],
    "bits": [0b101010101, 0, 0],
    "bit1": [1, 0, 0],
    "big": [Decimal(2**64 - 1), Decimal(5), Decimal(5)],
    "wide": ["12345678901234567890123456789012345.123456789012345678901234567890", _ONE, _ONE],
    "j": ['{"a": 1.10}', *NULLS],
    "e": ["a", *NULLS],
    "s": ["x,y", *NULLS],
    "raw": [b"\x00\xff", *NULLS],
    "note": [LONG, "a😀", ""],
    "r": [0.1, 1.0, 1.0],
    "stamp": [datetime(2024, 1, 1, 8), *NULLS],
    "gbk": ["中文", *NULLS],
    "big5": ["中文", *NULLS],
    "utf8": ["中文", *NULLS],
    "nul": ["a␀b", *NULLS],
}

_SQLITE = (
    """CREATE TABLE odd (id INTEGER PRIMARY KEY, price NUMERIC(20,4), d DATE, raw BLOB, r REAL, big BIGINT,
       flag BOOLEAN, note TEXT, nul TEXT)""",
    f"""INSERT INTO odd VALUES
       (1, '￥12', '2024-03-05', x'00ff', 0.1, 9007199254740993, 1, '{LONG}', 'a' || char(0) || 'b'),
       (2, 0.5, '0000-00-00', NULL, NULL, NULL, NULL, '', NULL),
       (3, 7, NULL, NULL, NULL, NULL, 0, NULL, NULL)""",
)
_SQLITE_EXPECTED: dict[str, list[Any]] = {
    "price": ["￥12", "0.5", "7"],
    "d": ["2024-03-05", "0000-00-00", None],  # text in SQLite: it lands as it is
    "raw": [b"\x00\xff", *NULLS],
    "r": ["0.1", *NULLS],
    "big": [9007199254740993, *NULLS],
    "flag": [True, None, False],
    "note": [LONG, "", None],
    "nul": ["a␀b", *NULLS],
}


def seed(database: Database) -> dict[str, list[Any]]:
    """Create and fill the table `odd`; {column: what its three rows must land as}."""
    statements, expected = {
        "postgresql": (_POSTGRESQL, _POSTGRESQL_EXPECTED),
        "mariadb": (_MARIADB, _MARIADB_EXPECTED),
        "sqlite": (_SQLITE, _SQLITE_EXPECTED),
    }[database.family]
    with database.writer.begin() as connection:
        if database.family == "mariadb":
            connection.exec_driver_sql("SET SESSION sql_mode = '', time_zone = '+08:00'")
        for statement in statements:
            connection.exec_driver_sql(statement.replace("%", "%%"))
    return expected
