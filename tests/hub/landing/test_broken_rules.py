"""A row rule that cannot run: the load goes on, says so, and the rule is unknown until all rows are judged again."""

from __future__ import annotations

from dataclasses import replace

import psycopg
import pytest

from hub.quality.figures import dataset_figures
from hub.store.migrate import upgrade
from schemas.loader import contracts
from schemas.model import Rule, Text
from tests.hub.landing.held import BOMS, MATERIALS, World, bom, material, use

pytestmark = pytest.mark.servers

WORD = Text("比例", "Share")
RULE = Rule("bom.share", "bom", "expression", "accuracy", "error", WORD, WORD, WORD, "component_qty", {"sql": ""})


@pytest.fixture
def world(postgres_url, monkeypatch, tmp_path):
    """Nine lines, one without a quantity."""
    monkeypatch.setenv("WATERWORKS_STORE_URL", postgres_url)
    monkeypatch.setenv("WATERWORKS_HOME", str(tmp_path / "home"))
    upgrade(postgres_url)
    world = World(tmp_path / "home" / "landing")
    world.rows[MATERIALS] = {"1": material(1), "2": material(2)}
    world.rows[BOMS] = {str(line): bom(line, 2) for line in range(1, 10)} | {"5": bom(5, 2, qty="")}
    return world


def use_rule(patch, sql: str) -> None:
    known = contracts()
    of_bom = known["bom"]
    use(patch, {**known, "bom": replace(of_bom, rules=(*of_bom.rules, replace(RULE, args={"sql": sql})))})


def test_the_load_goes_on_without_it_and_nobody_takes_it_for_passed(world, monkeypatch, postgres_url):
    use_rule(monkeypatch, "component_qty / (component_qty - component_qty) > 0")
    world.load_all()
    assert world.held() == ["5"]  # as the other rules say
    ((notes,),) = world.all("select notes -> 'notes' from ops.load where dataset = %s", BOMS)
    assert [(note["code"], note["params"]["rule"]) for note in notes] == [("rule_cannot_run", "bom.share")]
    assert unknown(world, postgres_url, monkeypatch) == {"bom.share": "cannot_run"}

    world.rows[BOMS]["10"] = bom(10, 2)
    use_rule(monkeypatch, "component_qty / 2 > 0")
    result = world.load(BOMS)
    assert result.status == "ok"
    assert unknown(world, postgres_url, monkeypatch) == {}


def unknown(world: World, postgres_url: str, monkeypatch) -> dict[str, str]:
    from hub.landing import dataset

    about = dataset.dataset(BOMS, "P1")
    with psycopg.connect(postgres_url.replace("+psycopg", "")) as connection:
        return dataset_figures(connection, about.mapping, about.contract).unknown
