"""Every file of a watched folder and what became of it, on record in ops.source_file.

Belongs here: writing that record. Not here: deciding what a file is (connectors/excel).
"""

from __future__ import annotations

from collections import Counter

from psycopg.types.json import Jsonb

from connectors.config import SystemConfig, open_connector
from connectors.excel.connector import ExcelConnector
from hub.store.engine import connect


def record_files(system: SystemConfig) -> dict[str, int]:
    """Look at the folder now and replace the system's record; returns {status: files}.

    Raises Problem `workbook_folder_missing`.
    """
    connector = open_connector(system)
    if not isinstance(connector, ExcelConnector):
        raise TypeError(f"{system.system} is no folder of workbooks")
    files = connector.files()
    with connect() as connection:
        connection.execute("delete from ops.source_file where system = %s", (system.system,))
        with connection.cursor() as cursor:
            cursor.executemany(
                "insert into ops.source_file (system, path, status, object, problem, sha256)"
                " values (%s, %s, %s, %s, %s, %s)",
                [
                    (
                        system.system,
                        file.path,
                        file.status,
                        ", ".join(file.objects) or None,
                        Jsonb(file.problem.as_json()) if file.problem else None,
                        file.sha256,
                    )
                    for file in files
                ],
            )
    return dict(Counter(file.status for file in files))
