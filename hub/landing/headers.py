"""What people decided about headers: "this header means that column", kept per template.

Belongs here: writing and reading those decisions. Not here: using them (connectors/excel/finding/headers.py gets
them as an argument), asking for them (portal).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

import psycopg

from connectors.base import Connector
from hub.store.engine import connect
from schemas.problems import Problem
from schemas.template_loader import templates

Opened = TypeVar("Opened", bound=Connector)


@dataclass(frozen=True)
class Decision:
    """written: the header as it stood in the workbook. column: source column of the template; None = leave out."""

    written: str
    column: str | None
    decided_by: str
    decided_at: datetime


def compared(header: str) -> str:
    """A header as headers are compared: width, case, blanks and decoration levelled."""
    from connectors.excel.finding.headers import plain

    return plain(header)


def remember(
    template: str,
    header: str,
    column: str | None,
    by: str,
    connection: psycopg.Connection[Any] | None = None,
) -> None:
    """From now on `header` means `column` (a source column) in workbooks of this template; None = leave it out.

    by: login of the person. A later decision replaces an earlier one.
    Raises Problem `header_unknown_template`, `header_unknown_column`, `header_blank`.
    """
    known = templates().get(template)
    if known is None:
        raise Problem("header_unknown_template", template=template, known=", ".join(templates()))
    if column is not None and column not in {item.source for item in known.columns}:
        names = ", ".join(item.source for item in known.columns)
        raise Problem("header_unknown_column", template=known.title.zh, column=column, known=names)
    if not compared(header):
        raise Problem("header_blank", template=known.title.zh)
    _execute(
        connection,
        """insert into ops.remembered_header (template, header, written, column_name, decided_by)
             values (%s, %s, %s, %s, %s)
           on conflict (template, header) do update set written = excluded.written,
             column_name = excluded.column_name, decided_by = excluded.decided_by, decided_at = now()""",
        (template, compared(header), header.strip(), column, by),
    )


def forget(template: str, header: str, connection: psycopg.Connection[Any] | None = None) -> None:
    """Take a decision back; the header is recognised by synonyms alone again."""
    _execute(
        connection,
        "delete from ops.remembered_header where template = %s and header = %s",
        (template, compared(header)),
    )


def decisions(template: str, connection: psycopg.Connection[Any] | None = None) -> list[Decision]:
    """Every decision about a template, newest first."""
    rows = _execute(
        connection,
        "select written, column_name, decided_by, decided_at from ops.remembered_header"
        " where template = %s order by decided_at desc, header",
        (template,),
    )
    return [Decision(*row) for row in rows]


def remembered(template: str, connection: psycopg.Connection[Any] | None = None) -> dict[str, str | None]:
    """{header as written: source column, or None if it is to be left out} of a template, for the reader."""
    return {item.written: item.column for item in decisions(template, connection)}


def with_decisions(connector: Opened) -> Opened:
    """The connector, knowing what people decided about headers if it reads workbooks."""
    from connectors.excel.connector import ExcelConnector

    if isinstance(connector, ExcelConnector):
        connector.remembered = remembered
    return connector


def _execute(
    connection: psycopg.Connection[Any] | None, statement: str, parameters: tuple[Any, ...]
) -> list[tuple[Any, ...]]:
    if connection is None:
        with connect() as own:
            return _execute(own, statement, parameters)
    cursor = connection.execute(statement.encode(), parameters)
    return cursor.fetchall() if cursor.description else []
