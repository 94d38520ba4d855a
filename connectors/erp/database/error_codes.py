"""What the codes of database errors mean: one table of kinds by SQLSTATE and each database's own numbers.

Belongs here: telling kinds apart, no I/O. Does not belong here: the sentences and the probe of the
network (`explain.py`).

Sources: PostgreSQL appendix A; MariaDB and MySQL error references; SQL Server sys.messages (4060, 18456,
...) and ODBC's SQLSTATEs; Oracle's ORA- and python-oracledb's DPY- numbers; SQLite's result codes. Words
are the last resort, for drivers that pass the server's text on without its code (psqlODBC while
connecting), in English and Chinese.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal

from connectors.erp.database.target import Target

Family = Literal["postgresql", "mysql", "mssql", "oracle", "sqlite", "other"]


@dataclass(frozen=True)
class Kind:
    """codes: {family: its codes}; "odbc" = SQLSTATEs of the ODBC driver manager, of any family."""

    problem: str
    codes: dict[str, str] = field(default_factory=dict)
    words: str = ""

    def matches(self, family: Family, codes: set[str], text: str) -> bool:
        known = {code for name in (family, "odbc") for code in self.codes.get(name, "").split()}
        if family == "other":
            # An unknown database: only codes that mean the same everywhere, i.e. SQLSTATEs of five characters.
            known |= {code for listed in self.codes.values() for code in listed.split() if len(code) == 5}
        return bool(known & codes) or bool(self.words and re.search(self.words, text, re.IGNORECASE))


PASSWORD_EXPIRED = Kind(
    "erp_password_expired",
    {"mysql": "1820 1862", "mssql": "18487 18488", "oracle": "ORA-28001 ORA-28002"},
    r"password (has )?expired|password must be (changed|reset)|密码已?过期",
)

# The first kind that matches counts: what is special stands before what is general.
CONNECTING = (
    PASSWORD_EXPIRED,
    Kind(
        "erp_account_locked",
        {"mysql": "3118 4151", "mssql": "18486 18470", "oracle": "ORA-28000"},
        r"account (is|has been) (locked|disabled)|is not permitted to log in|account is currently locked"
        r"|不允许.*登录|被锁定",
    ),
    Kind(
        "erp_host_not_allowed",
        {"mysql": "1130 1129", "oracle": "ORA-12529 ORA-12547"},
        r"no pg_hba\.conf entry|pg_hba\.conf rejects|is not allowed to connect|没有.*pg_hba",
    ),
    Kind(
        "erp_old_server",
        {"oracle": "DPY-3010 DPY-3015 ORA-28040 ORA-03134", "mysql": "1251 2054"},
        r"unsupported protocol|unsupported protocol version|legacy.*protocol",
    ),
    Kind(
        "erp_login_failed",
        {
            "postgresql": "28P01 28000",
            "mysql": "1045 1698",
            "mssql": "18456 18452 28000",
            "oracle": "ORA-01017 ORA-01005 DPY-4001",
            "odbc": "28000",
        },
        r"password authentication failed|no password supplied|access denied for user(?!.* to database)|login failed"
        r"|role \"[^\"]*\" does not exist|认证失败|登录失败",
    ),
    Kind(
        "erp_database_missing",
        {
            "postgresql": "3D000",
            "mysql": "1049 1044",
            "mssql": "4060 911",
            "oracle": "ORA-12514 ORA-12505 DPY-6001 DPY-6003",
        },
        r"database \"[^\"]*\" does not exist|unknown database|cannot open database"
        r"|access denied for user .* to database|数据库.*不存在|无法打开.*数据库",
    ),
    Kind(
        "erp_tls",
        {"mysql": "2026 3159", "oracle": "ORA-28759 ORA-28860 ORA-29024 ORA-28865 DPY-4032 DPY-6009"},
        r"certificate|\bSSL\b|\bTLS\b|sslmode|secure transport|证书",
    ),
    Kind(
        "erp_too_many_connections",
        {
            "postgresql": "53300",
            "mysql": "1040 1203 1226",
            "mssql": "17809 10928 10929",
            "oracle": "ORA-00018 ORA-00020 ORA-12516 ORA-12519 ORA-12520 ORA-02391",
        },
        r"too many (clients|connections)|remaining connection slots|连接.*(过多|太多)",
    ),
    Kind(
        "erp_starting",
        {
            "postgresql": "57P03 57P01",
            "mysql": "1053",
            "mssql": "6005 904 922 927",
            "oracle": "ORA-01033 ORA-01034 ORA-01089",
        },
        r"the database system is (starting up|shutting down|in recovery)|正在启动|正在关闭",
    ),
)

SILENT = Kind(
    "erp_silent",
    {"mysql": "2013", "odbc": "HYT00 HYT01"},
    r"time-?out expired|timed? ?out|lost connection to (mysql|server)",
)

LOST = Kind(
    "erp_connection_lost",
    {
        "postgresql": "08000 08001 08003 08006 08007 57P01 57P02 57P05",
        "mysql": "2006 2013 2055 1053 1927 4031",
        "mssql": "10053 10054 10060 64 121 233",
        "oracle": "ORA-03113 ORA-03114 ORA-03135 ORA-00028 ORA-12537 ORA-12570 DPY-1001 DPY-4011",
        "odbc": "08S01 08003 08006 08007",
    },
    r"server has gone away|lost connection|connection.{0,40}(closed|reset|terminated|lost|was killed)"
    r"|server closed the connection|broken pipe|communication link|no connection to the server",
)

READING = (
    PASSWORD_EXPIRED,  # MariaDB lets such an account in and then refuses every statement
    Kind(
        "erp_deadlock",
        {"postgresql": "40P01", "mysql": "1213", "mssql": "1205", "oracle": "ORA-00060"},
        r"deadlock|死锁",
    ),
    Kind(
        "erp_lock_timeout",
        {
            "postgresql": "55P03",
            "mysql": "1205",
            "mssql": "1222",
            "oracle": "ORA-00054 ORA-30006",
            "sqlite": "SQLITE_BUSY SQLITE_LOCKED",
        },
        r"lock (wait )?time-?out|lock request time ?out|database (table )?is locked|锁.*超时",
    ),
    Kind(
        "erp_timeout",
        {
            "postgresql": "57014",
            "mysql": "1969 3024 1317",
            "oracle": "DPY-4024 ORA-01013 ORA-00040",
            "sqlite": "SQLITE_INTERRUPT",
            "odbc": "HYT00 HYT01 S1T00",
        },
        r"statement timeout|query execution was interrupted|timed? ?out|\binterrupted\b|超时",
    ),
    LOST,
    Kind(
        "erp_disk_full",
        {
            "postgresql": "53100",
            "mysql": "1021 1114 3",
            "mssql": "1105 9002 1101",
            "oracle": "ORA-01652 ORA-01653 ORA-01654 ORA-19502 ORA-27072 ORA-00257",
            "sqlite": "SQLITE_FULL",
        },
        r"no space left on device|disk (is )?full|database or disk is full|could not extend file|磁盘.*满|没有空间",
    ),
    Kind(
        "erp_no_permission",
        {
            "postgresql": "42501",
            "mysql": "1142 1143 1227 1370",
            "mssql": "229 230 262 916",
            "oracle": "ORA-01031 ORA-00990",
            "sqlite": "SQLITE_AUTH SQLITE_PERM",
        },
        r"permission denied|permission was denied|command denied|权限不够|拒绝了.*权限",
    ),
    Kind(
        "erp_table_gone",
        {
            "postgresql": "42P01 3F000",
            "mysql": "1146 1051",
            "mssql": "208",
            "oracle": "ORA-00942 ORA-04043",
            "odbc": "42S02",
        },
        r"no such table|relation \"[^\"]*\" does not exist|invalid object name|关系.*不存在|对象名.*无效",
    ),
    Kind(
        "erp_column_gone",
        {"postgresql": "42703", "mysql": "1054", "mssql": "207", "oracle": "ORA-00904", "odbc": "42S22"},
        r"no such column|unknown column|invalid column name|column .* does not exist|列名.*无效|字段.*不存在",
    ),
)

_STATE = re.compile(r"^[0-9A-Z]{5}$")
_PYODBC_NATIVE = re.compile(r"\((-?\d+)\) \(SQL")
_ARROW_ODBC = re.compile(r"State: ([0-9A-Z]{5}), Native error: (-?\d+)")
_ORACLE = re.compile(r"\b(ORA-\d{5}|DPY-\d{4}|DPI-\d{4})\b")


def family_of(target: Target, text: str = "") -> Family:
    """Which database a target is, by its URL, its driver's name or, behind a DSN, the words of an error."""
    if target.url is not None:
        backend = target.url.get_backend_name()
        return backend if backend in ("postgresql", "mysql", "mssql", "oracle", "sqlite") else "other"  # type: ignore[return-value]
    shown = f"{target.driver} {text}".lower()
    for family, words in (
        ("postgresql", ("psqlodbc", "postgres")),
        ("mysql", ("maodbc", "mariadb", "[ma-", "myodbc", "mysql")),
        ("sqlite", ("sqlite",)),
        ("oracle", ("oracle", "ora-", "sqora")),
        ("mssql", ("sql server", "msodbcsql", "freetds", "tdsodbc")),
    ):
        if any(word in shown for word in words):
            return family  # type: ignore[return-value]
    return "other"


def codes_of(error: BaseException) -> set[str]:
    """Every code an error carries, the driver's and the database's."""
    original = getattr(error, "orig", None) or error
    found = {str(item) for item in original.args[:1] if isinstance(item, int) or _STATE.match(str(item))}
    for name in ("sqlstate", "sqlite_errorname", "full_code"):
        for holder in (original, *original.args[:1]):
            if isinstance(code := getattr(holder, name, None), str):
                found.add(code)
    text = str(original)
    found |= set(_ORACLE.findall(text)) | set(_PYODBC_NATIVE.findall(text))
    for state, native in _ARROW_ODBC.findall(text):
        found |= {state, native}
    return found


def kind_of(kinds: tuple[Kind, ...], family: Family, error: BaseException) -> str | None:
    """The code of the sentence for an error; None: none of these kinds."""
    codes = codes_of(error)
    text = str(getattr(error, "orig", None) or error)
    return next((kind.problem for kind in kinds if kind.matches(family, codes, text)), None)
