"""Records are inserted, changed and deleted between two pages: none is lost, none comes twice."""

from __future__ import annotations

import random
import time
from typing import Any

import pytest

from tests.connectors.mes.api import Answer, Api, Asked, connector, keys_of, read, rows_of, serving

BASE = 1_700_000_000_000


class Moving:
    """A list that changes after every request. stays: keys that were there all the time, unchanged."""

    def __init__(self, seed: int, kind: str, newest_first: bool, with_total: bool, count: int = 137) -> None:
        self.random = random.Random(seed)  # noqa: S311 - a seeded world, no secret
        self.kind, self.newest_first, self.with_total = kind, newest_first, with_total
        self.rows = {number: {"id": number, "at": BASE + number, "v": 0} for number in range(count)}
        self.next_id, self.clock = count, BASE + count
        self.stays = set(self.rows)
        self.moves = True
        self.skew = 0  # ms by which the clock that stamps is ahead of the one in the Date header
        self.largest = 1000

    def ordered(self) -> list[dict[str, Any]]:
        rows = sorted(self.rows.values(), key=lambda row: row["id"], reverse=self.newest_first)
        return rows

    def move(self) -> None:
        for _ in range(self.random.choice((0, 0, 1, 1, 2, 3))):
            self.clock = int(time.time() * 1000) + self.skew
            what = self.random.choice(("insert", "delete", "delete", "update"))
            if what == "insert":
                self.rows[self.next_id] = {"id": self.next_id, "at": self.clock, "v": 0}
                self.next_id += 1
                continue
            number = self.random.choice(list(self.rows))
            self.stays.discard(number)
            if what == "delete":
                del self.rows[number]
            else:
                self.rows[number] |= {"at": self.clock, "v": self.rows[number]["v"] + 1}

    def answer(self, asked: Asked) -> Answer:
        body = asked.body
        since = body.get("since", 0)
        rows = [row for row in self.ordered() if row["at"] >= since]
        size = min(body.get("size", 1000), self.largest)
        reply: dict[str, Any] = {"code": 200}
        if self.kind == "page":
            at = (body["page"] - 1) * size
        elif self.kind == "offset":
            at = body["offset"]
        else:
            last = body.get("cursor")
            at = 0
            if last is not None:
                passed = (
                    (lambda row: row["id"] < int(last)) if self.newest_first else (lambda row: row["id"] > int(last))
                )
                rows = [row for row in rows if passed(row)]
        page = rows[at : at + size]
        reply["rows"] = page
        if self.with_total:
            reply["total"] = len(rows)
        if self.kind == "cursor" and len(page) == size:
            reply["next"] = str(page[-1]["id"])
        if self.moves:
            self.move()
        return Answer(reply)


def source(api: Api, kind: str, size: int = 10, **endpoint: Any) -> Any:
    paging: dict[str, Any] = {"kind": kind, "page_size": size}
    if kind == "cursor":
        paging["next"] = "next"
    envelope = {"rows": "rows", "total": None if kind == "cursor" else "total"}
    shape = {"path": "/list", "key": "id", "columns": ["id", "at", "v"], "times": ["at"]}
    return connector(api.url, shape | endpoint, paging=paging, envelope=envelope)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("with_total", [True, False])
@pytest.mark.parametrize("newest_first", [True, False])
@pytest.mark.parametrize("kind", ["page", "offset", "cursor"])
def test_a_list_that_moves_is_read_whole(kind: str, newest_first: bool, with_total: bool, seed: int) -> None:
    """Every record that was there from beginning to end comes, and no record twice: no false deletion."""
    world = Moving(seed, kind, newest_first, with_total)
    with serving(world.answer) as api:
        keys = keys_of(read(source(api, kind), page_rows=17))
        assert len(keys) == len(set(keys))
        assert {str(number) for number in world.stays} <= set(keys)
        world.moves = False
        rows = {row["id"]: row["v"] for row in rows_of(read(source(api, kind)))}
    assert rows == {str(number): str(row["v"]) for number, row in world.rows.items()}


def test_a_server_that_gives_pages_of_its_own_size_and_no_total_is_walked_twice() -> None:
    world = Moving(1, "page", False, False, count=40)
    world.largest = 7
    world.moves = False
    with serving(world.answer) as api:
        assert len(keys_of(read(source(api, "page")))) == 40
        once = -(-40 // 7)
        assert 2 * once <= len(api.asked) <= 2 * once + 4


@pytest.mark.parametrize("skew", [-3_600_000, 0, 3_600_000])
@pytest.mark.parametrize("kind", ["page", "offset", "cursor"])
def test_changes_read_one_after_another_end_with_what_the_server_has(kind: str, skew: int) -> None:
    """Incremental reads while everything moves, then a quiet one; the store is what landing would make of it.

    Also when the clock that stamps is an hour off the one that writes the Date header.
    """
    world = Moving(3, kind, False, True)
    world.skew = skew
    store: dict[str, str] = {}
    position: Any = None
    updated = {"filter_from": "since", "column": "at", "overlap_minutes": 0}
    with serving(world.answer) as api:
        changing = source(api, kind, updated=updated)
        for quiet in (False, False, False, True):
            world.moves = not quiet
            for page in changing.read("lot", position, 23):
                store |= {row["id"]: row["v"] for row in page.rows.to_pylist()}
                position = page.position
    now = {str(number): str(row["v"]) for number, row in world.rows.items()}
    assert {key: value for key, value in store.items() if key in now} == now


@pytest.mark.parametrize("kind", ["page", "offset", "cursor"])
@pytest.mark.parametrize("incremental", [True, False])
@pytest.mark.parametrize("moves", [True, False])
def test_a_read_that_was_broken_off_goes_on_where_it_stopped(kind: str, incremental: bool, moves: bool) -> None:
    world = Moving(5, kind, False, True)
    world.moves = False
    updated = {"updated": {"filter_from": "since", "column": "at", "overlap_minutes": 0}} if incremental else {}
    position: Any = {"watermark": BASE} if incremental else None
    got: dict[str, str] = {}
    with serving(world.answer) as api:
        for number, page in enumerate(source(api, kind, **updated).read("lot", position, 20)):
            got |= {row["id"]: row["v"] for row in page.rows.to_pylist()}
            position = page.position
            if number == 2:
                break  # killed after its third page was committed
        read_before = len(got)
        assert 0 < read_before < 137
        if moves:
            world.rows.pop(3)  # from a page that was read: everything after it moves up
        api.asked.clear()
        pages = read(source(api, kind, **updated), position)
        first = api.asked[0].body
        assert first.get("page", 2) > 1
        assert first.get("offset", 1) > 0
        assert kind != "cursor" or first["cursor"] is not None
        got |= {row["id"]: row["v"] for row in rows_of(pages)}
    assert {str(number) for number in world.rows} <= set(got)
    assert len(keys_of(pages)) == len(set(keys_of(pages)))
    if incremental:
        assert BASE <= pages[-1].position["watermark"] <= BASE + 136
        assert moves or len(keys_of(pages)) < 137 - 15  # what was committed is not read again
    else:
        assert set(keys_of(pages)) == {str(number) for number in world.rows}  # so that deletions are found
    assert "resume" not in pages[-1].position


def test_a_sorted_list_moves_the_watermark_with_every_page() -> None:
    world = Moving(1, "page", False, True)
    world.moves = False
    updated = {"filter_from": "since", "column": "at", "overlap_minutes": 0, "sorted": True}
    with serving(world.answer) as api:
        pages = source(api, "page", updated=updated).read("lot", {"watermark": BASE}, 20)
        marks = [page.position["watermark"] for page in pages]
    assert marks == sorted(marks)
    assert len(set(marks)) == len(marks) > 3


def test_an_older_version_after_a_newer_one_does_not_win() -> None:
    rows = [{"id": 1, "at": BASE + 5, "v": "new"}, {"id": 1, "at": BASE, "v": "old"}, {"id": 2, "at": BASE, "v": "x"}]
    with serving(lambda asked: Answer({"code": 200, "rows": rows})) as api:
        updated = {"filter_from": "since", "column": "at"}
        pages = read(source(api, "page", 100, updated=updated, paging={"kind": "none"}))
    assert {row["id"]: row["v"] for row in rows_of(pages)} == {"1": "new", "2": "x"}
