"""Random histories of sources, loads, decisions, rules, publishes and kills: no row is lost, none is there twice.

A model of a few lines says which rows must be held in the end.
"""

from __future__ import annotations

import random
from collections import Counter

import pytest

from hub.landing import crash
from hub.landing.crash import POINTS, REJUDGE_POINTS, SETTLE_POINTS
from hub.store.migrate import upgrade
from tests.hub.landing.held import BOMS, MATERIALS, World, bom, material, with_rules

pytestmark = pytest.mark.servers

NUMBERS = range(1, 7)


class Killed(BaseException):
    """Stands for SIGKILL: nobody catches it, and PostgreSQL rolls back what was open."""


class History:
    def __init__(self, world: World, patch: pytest.MonkeyPatch, seed: int) -> None:
        self.world, self.patch = world, patch
        self.random = random.Random(seed)  # noqa: S311 - the same history for the same seed
        self.corrected: dict[str, str] = {}  # key of a line -> component that a steward named
        self.strict = True  # whether a line of an unknown component is held
        world.rows[MATERIALS] = {str(number): material(number) for number in (1, 2, 3)}
        world.rows[BOMS] = {str(line): bom(line, self.random.choice(NUMBERS)) for line in range(1, 10)}

    def step(self) -> None:
        step = self.random.choice((
            self.change_lines, self.change_lines, self.change_materials, self.correct, self.other_rules,
            self.load, self.load, self.publish, self.publish,
        ))  # fmt: skip
        if self.random.random() < 0.35:
            self.until_killed(step)
        else:
            step()
        for name in (BOMS, MATERIALS):
            self.world.places(name)  # no row is in two places

    def change_lines(self) -> None:
        lines = self.world.rows[BOMS]
        key = str(self.random.randint(1, 14))
        if key in lines and self.random.random() < 0.3:
            del lines[key]
        else:
            number = self.random.choice((int(key), int(key), 1))  # sometimes one that is taken
            lines[key] = bom(number, self.random.choice(NUMBERS), qty=self.random.choice(("2", "3", "", "两三个")))
        self.load()

    def change_materials(self) -> None:
        materials = self.world.rows[MATERIALS]
        key = str(self.random.choice(NUMBERS[1:]))
        if key in materials:
            del materials[key]
        else:
            materials[key] = material(key)
        self.world.load(MATERIALS)

    def correct(self) -> None:
        key = self.random.choice(sorted(self.world.rows[BOMS]))
        self.world.all(
            "update quality.correction set active = false where dataset = %s and source_key = %s returning id",
            BOMS,
            key,
        )
        self.corrected.pop(key, None)
        if self.random.random() < 0.7:
            self.corrected[key] = f"M-{self.random.choice(NUMBERS):0>5}"
            self.world.all(
                "insert into quality.correction (dataset, source_key, column_name, raw_value, value, reason,"
                " decided_by) values (%s, %s, 'component_material_code', %s, %s, '-', 'mei') returning id",
                BOMS, key, self.world.rows[BOMS][key]["component_number"], self.corrected[key],
            )  # fmt: skip

    def other_rules(self) -> None:
        self.strict = not self.strict
        with_rules(self.patch, "bom", **({} if self.strict else {"component_known": "warning", "qty_required": "info"}))

    def load(self) -> None:
        self.world.load(BOMS)

    def publish(self) -> None:
        self.world.publish()

    def until_killed(self, step) -> None:
        point = self.random.choice((*POINTS, *REJUDGE_POINTS, *SETTLE_POINTS))

        def die(*_):
            raise Killed

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(crash, "_reached", {})
            patch.setattr("os.kill", die)
            patch.setenv("WATERWORKS_CRASH_AT", f"{point}:{self.random.randint(1, 2)}")
            try:
                step()
            except Killed:
                return

    def expected(self) -> list[str]:
        """Lines that must be held once everything was read and published."""
        lines = self.world.rows[BOMS]
        numbers = Counter(line["FEntryID"] for line in lines.values())
        known = {row["FNumber"] for row in self.world.rows[MATERIALS].values()}
        held = []
        for key, line in lines.items():
            corrected = self.corrected.get(key)
            # A correction holds as long as the source says what it said then.
            stands = corrected is not None and self.world.all(
                "select count(*) from quality.correction where active and source_key = %s and raw_value = %s",
                key, line["component_number"],
            ) == [(1,)]  # fmt: skip
            component = corrected if stands else line["component_number"]
            always = numbers[line["FEntryID"]] > 1 or line["FQty"] == "两三个" or line["parent_number"] not in known
            if always or (self.strict and (line["FQty"] == "" or component not in known)):
                held.append(key)
        return sorted(held)


@pytest.mark.parametrize("seed", range(4))
def test_whatever_happens_every_row_ends_where_it_belongs(postgres_url, monkeypatch, tmp_path, seed):
    monkeypatch.setenv("WATERWORKS_STORE_URL", postgres_url)
    monkeypatch.setenv("WATERWORKS_HOME", str(tmp_path / "home"))
    monkeypatch.setattr("hub.landing.replay.PAGE_ROWS", 4)
    upgrade(postgres_url)
    history = History(World(tmp_path / "home" / "landing"), monkeypatch, seed)
    history.world.load_all()
    for _ in range(12):
        history.step()
    history.world.load_all()
    assert history.world.complete()
    history.publish()
    assert history.world.complete()
    assert history.world.held() == history.expected()
    assert history.world.publish().loads == ()
