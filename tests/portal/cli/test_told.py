"""What sync and status say beside the counts: what reading did to values, and what nobody has taken note of."""

from __future__ import annotations

import psycopg
import pytest
from psycopg.types.json import Jsonb

from hub import alerts
from hub.store.migrate import upgrade
from portal.cli.status import _alerts
from portal.cli.summary import _remarks
from schemas.problems import Problem

pytestmark = pytest.mark.servers


@pytest.fixture
def store(postgres_url: str) -> str:
    upgrade(postgres_url)
    return postgres_url


def _connect(url: str) -> psycopg.Connection[tuple[object, ...]]:
    return psycopg.connect(url.replace("+psycopg", ""))


def _load(connection: psycopg.Connection[tuple[object, ...]], dataset: str, **facts: object) -> None:
    values = {"dataset": dataset, "system": "erp1", "entity": "material", "status": "ok", **facts}
    marks = ", ".join(["%s"] * len(values))
    statement = f"insert into ops.load (run_id, rules, epoch, {', '.join(values)}) values ('r', 'x', 1, {marks})"
    given = [Jsonb(value) if isinstance(value, dict) else value for value in values.values()]
    connection.execute(statement.encode(), given)


def test_a_sync_says_which_values_were_read_as_something_else(store: str, capsys: pytest.CaptureFixture[str]) -> None:
    def odd(column: str) -> dict[str, object]:
        params = {"system": "erp1", "object": "material", "column": column, "count": 3, "example": "0000-00-00"}
        return Problem("erp_odd_dates", **params).as_json()

    with _connect(store) as connection:
        _load(connection, "erp1.material", notes={"notes": [odd("old")]})
        _load(
            connection,
            "erp1.material",
            notes={"notes": [odd(c) for c in "abcde"] + [{"code": "header_x", "params": {}}]},
        )
        _load(connection, "erp1.customer", notes={"notes": [odd("other")]})
        _load(connection, "erp1.bom")
        _remarks(connection, ["erp1.material", "erp1.bom"], "zh")
    blank, line = capsys.readouterr().out.splitlines()
    assert blank == ""
    assert line.startswith("! erp1.material: ERP“erp1”对象 material 的列“a”有 3 个日历上没有的日期")
    assert line.endswith("（另有 2 条，请看门户的“同步”页。）")
    assert "“old”" not in line


def test_status_says_what_nobody_has_taken_note_of(store: str, capsys: pytest.CaptureFixture[str]) -> None:
    gone = Problem("erp_table_gone", system="erp1", object="bom", reason="ICBOM")
    with _connect(store) as connection:
        assert _alerts(store, "en") == 0
        alerts.raise_alert(connection, "erp1", "erp1.bom", "error", gone)
        alerts.raise_alert(connection, "erp1", "erp1.bom", "error", gone)
        alerts.raise_alert(connection, "erp1", "erp1.material", "error", gone)
        _load(connection, "erp1.material", status="failed", problem=gone.as_json())
        connection.commit()
    assert _alerts(store, "en") == 1
    said = capsys.readouterr().out.splitlines()
    assert said[1] == "Open alerts:"
    assert said[2].startswith("✗ 20")
    assert " ×2 erp1.bom: A table of ERP 'erp1', object bom, is gone" in said[2]
    assert len(said) == 3  # the load of erp1.material says it already
