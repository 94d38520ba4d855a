"""A small filled store for the portal's tests: loads, landed originals, findings, twelve weeks of scores.

Belongs here: inserting rows as the hub leaves them. Not here: running the hub (tests/pipelines do).
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pyarrow as pa
from openpyxl import Workbook
from openpyxl.cell.cell import Cell
from psycopg.types.json import Jsonb

from hub.cleansing.dates import ZONE
from hub.landing.dataset import all_mappings
from hub.landing.stage import write_landed
from hub.marts.scores import WEIGHTS
from hub.quality import issues
from portal.users import ensure_user
from schemas.loader import contracts, mappings

USERS = {
    "it": ("it", "陈工", "it"),
    "coach": ("coach", "李敏", "purchasing"),
    "business": ("business", "王芳", "sales"),
}
PASSWORD = "waterworks-2026"
RUN_ID = "3f2a7c1e-9d54-4b1c-8a77-1c2d3e4f5a6b"
SHEET = "物料清单"
BOOK = "财务部/标准成本_2026.xlsx"
MATERIALS = [
    ("M101201", "深沟球轴承 6201", "6201-2RS", "个", "外购", "2025-03-05"),
    ("M101202", "深沟球轴承 6202", "6202-2RS", "PCS?", "外购", "2025-03-05"),
    ("M101203", "内六角螺栓 M8×20", "GB/T 70.1", "个", "外购", "2025/3/5"),
    ("M101204", "液压油 46#", "L-HM46", "KG", "外购", "2025-03-05"),
    ("M101205", "锂基润滑脂", "2#", "公 斤?", "外购", "2025-03-06"),
    ("M1O1206", "锂基润滑脂", "3#", "KG", "外购", "2025-03-06"),
    ("M101207", None, "XL5", "件", "自制", "2025-03-06"),
    ("M101208", "截止阀", "DN25", "ge", "外购", "20250230"),
]
LETTERS = {"物料编码": "A", "物料名称": "B", "规格型号": "C", "计量单位": "D", "物料类别": "E", "启用日期": "F"}
HEADER_ROW = 3


def fill(connection: psycopg.Connection[Any], home: Path) -> None:
    """Users, loads, landed files, findings, held and rejected rows, scores of twelve weeks."""
    for login, (role, name, department) in USERS.items():
        ensure_user(connection, login, name, role, department, PASSWORD)
    load = _load(connection, "workbooks", "workbooks.material_list", "material", (9, 6, 1, 1, 1))
    erp_load = _load(connection, "k3", "k3.material", "material", (1200, 3, 0, 0, 1197))
    _load(connection, "mes", "mes.work_order", "work_order", (0, 0, 0, 0, 0), "failed")
    file_id = _landed_sheet(connection, home, load)
    _landed_erp(connection, home, erp_load)
    for number, (column, source, rule, hold) in {
        1: ("unit_code", "计量单位", "material.unit_readable", False),
        4: ("unit_code", "计量单位", "material.unit_readable", False),
        5: ("material_code", "物料编码", "material.code_suspect", False),
        6: ("material_name", "物料名称", "material.name_required", True),
        7: ("unit_code", "计量单位", "material.unit_readable", False),
    }.items():
        _sheet_finding(connection, load, file_id, number, column, source, rule, hold)
    _finding(
        connection, "material.unit_readable", "material", "k3.material", "engineering", "2231", "unit_code",
        "unit_name", "公 斤", "error", "conformity", erp_load,
    )  # fmt: skip
    for number in range(60):
        _finding(
            connection, "material.code_suspect", "material", "k3.material", "engineering", str(3000 + number),
            "material_code", "FNumber", f"M1O{number:04}", "warning", "conformity", erp_load,
        )  # fmt: skip
    raw = dict(zip(LETTERS, MATERIALS[6], strict=True))
    connection.execute(
        """insert into quality.held_row
             (dataset, source_key, entity, plant, record, raw, row_hash, file_id, row_no, load_id)
           values ('workbooks.material_list', 'M101207', 'material', 'P1', %s, %s, gen_random_uuid(), %s, 10, %s)""",
        (Jsonb({"material_code": "M101207"}), Jsonb({k: v for k, v in raw.items() if v}), file_id, load),
    )
    connection.execute(
        """insert into quality.rejected_row (dataset, source_key, raw, reason, row_hash, file_id, row_no, load_id)
           values ('workbooks.material_list', '物料清单!12', %s, 'workbook_reject_total',
             gen_random_uuid(), %s, 12, %s)""",
        (json.dumps(["合计", "8"], ensure_ascii=False), file_id, load),
    )
    connection.execute(
        """insert into ops.source_file (system, path, status, object, problem) values
           ('workbooks', %s, 'current', 'material_list', null),
           ('workbooks', '行政部/食堂菜单.xlsx', 'unknown', null, null)""",
        (BOOK,),
    )
    connection.execute(
        """insert into ops.source_file (system, path, status, origin) values
           ('workbooks', 'mail/2026-11-02 wang@factory.example/客户档案.csv', 'superseded',
            '{"kind": "mail", "sender": "wang@factory.example", "subject": "客户档案", "date": "2026-11-02"}'),
           ('workbooks', 'sftp/价格.txt', 'superseded',
            '{"kind": "sftp", "host": "sftp.example", "path": "价格.txt"}')"""
    )
    _suggestions(connection)
    _scores(connection)
    _history(connection)
    issues.refresh(connection, contracts(), all_mappings())


def _suggestions(connection: psycopg.Connection[Any]) -> None:
    """One for every row with a text, one for a single row, one of another column."""
    for column, raw, value, key, rule, confidence, detail, rows in (
        ("unit_code", "公 斤?", "KG", "", "code.nearest", 0.98, None, 3),
        ("material_name", "齿轮由", "齿轮油", "2231", "depends.value", 0.95, {"seen": 19, "of": 20, "by": "01"}, 1),
        ("unit_code", "待定", "KG", "", "learned.text", 0.91, {"by": "unit_code"}, 2),
    ):
        connection.execute(
            """insert into quality.suggestion (dataset, entity, department, column_name, raw_value, value, row_key,
                 rule, confidence, detail, source_key, rows, status)
               values ('k3.material', 'material', 'engineering', %s, %s, %s, %s, %s, %s, %s, '2231', %s, 'open')""",
            (column, raw, value, key, rule, confidence, Jsonb(detail) if detail else None, rows),
        )


def _load(
    connection: psycopg.Connection[Any],
    system: str,
    dataset: str,
    entity: str,
    counts: tuple[int, int, int, int, int],
    status: str = "ok",
) -> int:
    problem = {"code": "check_no_answer", "params": {"system": system, "seconds": 20}} if status == "failed" else None
    row = connection.execute(
        """insert into ops.load (run_id, system, dataset, entity, epoch, rules, status, finished_at, rows_read, loaded,
             held, rejected, unchanged, problem)
           values (%s, %s, %s, %s, 1, 'test', %s, now(), %s, %s, %s, %s, %s, %s) returning id""",
        (RUN_ID, system, dataset, entity, status, *counts, Jsonb(problem) if problem else None),
    ).fetchone()
    assert row is not None
    return int(row[0])


def _landed_sheet(connection: psycopg.Connection[Any], home: Path, load: int) -> int:
    columns = {name: [row[index] for row in MATERIALS] for index, name in enumerate(LETTERS)}
    first = HEADER_ROW + 1
    table = pa.table(
        {
            **{name: pa.array(values, pa.string()) for name, values in columns.items()},
            "_key": pa.array([row[0] for row in MATERIALS], pa.string()),
            "_row_no": pa.array(range(first, first + len(MATERIALS)), pa.int64()),
        }
    )
    path, sha256 = write_landed(table, home / "landing", "workbooks.material_list")
    row = connection.execute(
        """insert into ops.landed_file (load_id, dataset, path, sha256, rows, source_path, source_sha256, sheet,
             columns, header_row)
           values (%s, 'workbooks.material_list', %s, %s, %s, %s, %s, %s, %s, %s) returning id""",
        (load, path, sha256, table.num_rows, BOOK, sha256, SHEET, Jsonb(LETTERS), HEADER_ROW),
    ).fetchone()
    assert row is not None
    return int(row[0])


def _landed_erp(connection: psycopg.Connection[Any], home: Path, load: int) -> None:
    table = pa.table(
        {
            "FItemID": pa.array([2230, 2231], pa.int64()),
            "FNumber": ["01.01.0230", "01.01.0231"],
            "FName": ["锂基润滑脂", "齿轮油"],
            "unit_name": ["KG", "公 斤"],
            "FApproveNo": pa.array([None, None], pa.string()),
            "_key": ["2230", "2231"],
            "_row_no": pa.array([None, None], pa.int64()),
        }
    )
    path, sha256 = write_landed(table, home / "landing", "k3.material")
    connection.execute(
        "insert into ops.landed_file (load_id, dataset, path, sha256, rows) values (%s, 'k3.material', %s, %s, 2)",
        (load, path, sha256),
    )


def _sheet_finding(
    connection: psycopg.Connection[Any], load: int, file_id: int, number: int, column: str, source: str, rule: str,
    hold: bool,
) -> None:  # fmt: skip
    row_no = HEADER_ROW + 1 + number
    value = MATERIALS[number][list(LETTERS).index(source)]
    severity = "warning" if rule.endswith("suspect") else "error"
    dimension = "completeness" if rule.endswith("required") else "conformity"
    _finding(
        connection, rule, "material", "workbooks.material_list", "finance", MATERIALS[number][0] or "", column, source,
        value, severity, dimension, load, hold=hold, file_id=file_id, row_no=row_no, cell=f"{LETTERS[source]}{row_no}",
    )  # fmt: skip


def _finding(
    connection: psycopg.Connection[Any], rule: str, entity: str, dataset: str, department: str, key: str, column: str,
    source: str, value: str | None, severity: str, dimension: str, load: int, hold: bool = False,
    file_id: int | None = None, row_no: int | None = None, cell: str | None = None,
) -> None:  # fmt: skip
    connection.execute(
        """insert into quality.finding (rule, entity, dataset, department, source_key, column_name, source_column,
             value, severity, dimension, hold, file_id, row_no, cell, first_load_id, last_load_id)
           values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)""",
        (rule, entity, dataset, department, key, column, source, value, severity, dimension, hold, file_id, row_no,
         cell, load, load),
    )  # fmt: skip


def _scores(connection: psycopg.Connection[Any]) -> None:
    today = datetime.now(ZONE).date()
    for back in range(12):
        for spread, mapping in enumerate(mappings().values()):
            for rule in contracts()[mapping.entity].rules[:8]:
                checked = 400 + 50 * spread
                failed = checked * (back + 4) * ((spread * 7 + len(rule.id)) % 5 + (spread % 7 == 3) * 4) // 220
                connection.execute(
                    """insert into mart.quality_score (day, dataset, rule, system, entity, department, dimension,
                         severity,
                         rows_checked, rows_failed, weight, column_name)
                       values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)""",
                    (today - timedelta(weeks=back), mapping.dataset, rule.id, mapping.dataset.partition(".")[0],
                     mapping.entity, mapping.department, rule.dimension, rule.severity, checked, failed,
                     WEIGHTS[rule.severity], rule.column or ""),
                )  # fmt: skip


def _history(connection: psycopg.Connection[Any]) -> None:
    """The MES was not read today, a rule became stricter three weeks ago, and three findings are gone."""
    today = datetime.now(ZONE).date()
    connection.execute(
        "update mart.quality_score set rows_checked = 0, rows_failed = 0, within_threshold = false, unknown = 'failed'"
        " where day = %s and system = 'mes'",
        (today,),
    )
    for dataset, mapping in mappings().items():
        state = "failed" if dataset.startswith("mes.") else "read"
        connection.execute(
            "insert into mart.dataset_day (day, dataset, entity, department, state, rows_loaded, rows_held,"
            " rows_rejected, findings, opened, fixed) values (%s, %s, %s, %s, %s, 400, 2, 1, 7, 1, %s)",
            (today - timedelta(weeks=1), dataset, mapping.entity, mapping.department, state, Jsonb({"source": 3})),
        )
    connection.execute(
        "insert into quality.rule_version (rule, since, fingerprint, definition, changed)"
        " values ('material.unit_readable', now() - interval '3 weeks', 'x', '{}', %s)",
        (Jsonb({"severity": ["warning", "error"], "arguments": {"max": [5, 9]}}),),
    )
    for key, by in (("9001", "source"), ("9002", "source"), ("9003", "steward")):
        connection.execute(
            """insert into quality.finding (rule, entity, dataset, department, source_key, column_name, severity,
                 dimension, hold, first_load_id, last_load_id, resolved_at, resolved_by)
               values ('material.code_suspect', 'material', 'k3.material', 'engineering', %s, 'material_code',
                 'warning', 'conformity', false, 1, 1, now(), %s)""",
            (key, by),
        )


def material_workbook(path: Path) -> Path:
    """A material list as a person would upload it: banner, header in row 3, dirty cells, a total line."""
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = SHEET
    sheet["A1"] = "宏达精密制造有限公司 物料清单"
    sheet.append([])
    for column, name in enumerate(LETTERS, 1):
        cell = sheet.cell(HEADER_ROW, column)
        assert isinstance(cell, Cell)
        cell.value = name
    for offset, row in enumerate(MATERIALS, HEADER_ROW + 1):
        for column, value in enumerate(row, 1):
            cell = sheet.cell(offset, column)
            assert isinstance(cell, Cell)
            cell.value = value
    sheet.cell(HEADER_ROW + 1 + len(MATERIALS), 1, "合计")
    sheet.cell(HEADER_ROW + 1 + len(MATERIALS), 2, f"{len(MATERIALS)} 种")
    book.save(path)
    return path
