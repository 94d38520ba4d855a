"""Status and the summary of a sync say "unknown" of what was not read, and never 100."""

from __future__ import annotations

import psycopg
import pytest

from hub.marts import scores
from hub.store.engine import connect
from hub.store.migrate import upgrade
from portal.cli.status import _unknown
from portal.cli.summary import _scores
from schemas.loader import contracts, mappings
from schemas.problems import Problem

pytestmark = pytest.mark.servers


@pytest.fixture
def store(postgres_url: str, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> str:
    """One row each from two sources; the ERP was read, the MES was not."""
    upgrade(postgres_url)
    monkeypatch.setattr("connectors.config.read_systems", lambda: ({}, []))
    with connect(postgres_url) as connection:
        for dataset, entity, status in (("k3.material", "material", "ok"), ("mes.equipment", "equipment", "failed")):
            connection.execute(
                "insert into ops.load (run_id, system, dataset, entity, epoch, rules, status, finished_at)"
                " values ('r', split_part(%(d)s, '.', 1), %(d)s, %(e)s, 1, '', %(s)s, now())",
                {"d": dataset, "e": entity, "s": status},
            )
            _row(connection, entity, dataset)
        scores.refresh(connection, contracts(), mappings())
    return postgres_url


def _row(connection: psycopg.Connection[tuple[object, ...]], entity: str, dataset: str) -> None:
    connection.execute(
        f"insert into core.{entity} (_dataset, _source_key, _plant, _row_hash, _load_id)"
        " values (%s, '1', 'P1', gen_random_uuid(), 1)".encode(),
        (dataset,),
    )


def test_status_names_what_nobody_can_say(store: str, capsys: pytest.CaptureFixture[str]) -> None:
    slow = Problem("set_rule_too_slow", rule="bom.cycle", file="bom.odcs.yaml", seconds="60")
    with connect(store) as connection:
        connection.execute(
            "insert into quality.rule_run (rule, load_id, milliseconds, problem) values ('bom.cycle', 1, 60000, %s)",
            (psycopg.types.json.Jsonb(slow.as_json()),),
        )
    assert _unknown(store, "en") == 1
    said = capsys.readouterr().out.splitlines()
    assert said[1] == "Score unknown (part of no score, and never 100):"
    assert said[2] == "? mes.equipment: its source could not be read. Last read: –"
    assert said[3].startswith("? bom.cycle: ")
    assert len(said) == 4


def test_the_summary_says_unknown_and_what_is_missing(store: str, capsys: pytest.CaptureFixture[str]) -> None:
    with connect(store) as connection:
        _scores(connection, "zh")
    said = capsys.readouterr().out
    assert "100.0" in next(line for line in said.splitlines() if "(material)" in line)
    assert "未知" in next(line for line in said.splitlines() if "(equipment)" in line)
    assert "mes.equipment" in said.splitlines()[-1]
