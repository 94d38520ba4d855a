"""How a database says its text columns are encoded, and which of them can hold GBK bytes under a Western name.

Belongs here: asking, and telling the suspicious ones. Does not belong here: decoding (`encodings.py`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from connectors.erp.database.session import Session
from connectors.erp.examine.facts import family, told

# Bytes of any Chinese encoding pass through these unread: what looks stored as Latin-1 may be GBK.
_WESTERN = re.compile(r"latin|sql_ascii|us7ascii|we8|iso.?8859|cp125[0-9]|\bascii", re.IGNORECASE)
_QUESTIONS = {
    "sqlite": "SELECT '', '', encoding FROM pragma_encoding",
    "postgresql": "SELECT '', '', pg_encoding_to_char(encoding) FROM pg_database WHERE datname = current_database()",
    "mysql": "SELECT table_name, column_name, collation_name FROM information_schema.columns"
    " WHERE table_schema = DATABASE() AND collation_name IS NOT NULL",
    # nchar and nvarchar are UTF-16 whatever the collation says.
    "mssql": "SELECT t.name, c.name, c.collation_name FROM sys.columns c"
    " JOIN sys.objects t ON t.object_id = c.object_id JOIN sys.types y ON y.user_type_id = c.user_type_id"
    " WHERE t.type IN ('U', 'V') AND y.name IN ('char', 'varchar', 'text')",
    "oracle": "SELECT '', '', value FROM nls_database_parameters WHERE parameter = 'NLS_CHARACTERSET'",
}


@dataclass(frozen=True)
class TextEncoding:
    """names: the encodings or collations met; western: those columns ("table.column", or "*" for the whole
    database) whose declared encoding knows no Chinese."""

    names: tuple[str, ...]
    western: tuple[str, ...]


def text_encodings(session: Session, tables: set[str]) -> TextEncoding | None:
    """Of the text columns of `tables`; None if the database does not tell."""
    question = _QUESTIONS.get(family(session))
    rows = None if question is None else told(session, question, 3)
    if rows is None:
        return None
    wanted = {name.casefold() for name in tables}
    names: dict[str, None] = {}
    western = []
    for table, column, encoding in rows:
        if encoding is None or (table and table.casefold() not in wanted):
            continue
        names[encoding] = None
        if _WESTERN.search(encoding):
            western.append(f"{table}.{column}" if table else "*")
    return TextEncoding(tuple(names), tuple(western))
