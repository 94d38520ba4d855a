"""From replies to rows: paths, children, details, polled queries, deletions, each on a real HTTP server."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from connectors.base import KEY
from connectors.mes.config import MesEndpointConfig
from connectors.mes.paths import in_reply, value_at
from schemas.problems import Problem
from tests.connectors.mes.api import Answer, Asked, connector, keys_of, read, rejected_of, rows_of, serving

ROWS = [{"id": 2**60 + number, "n": number} for number in range(25)]
PLAIN: dict[str, Any] = {"success": None, "rows": "items", "total": "total"}
LIST: dict[str, Any] = {"path": "/lots", "method": "GET", "key": "id", "columns": ["id", "n"]}


def sliced(at: int, size: int) -> list[dict[str, Any]]:
    return ROWS[at : at + size]


def test_paths_and_flattening() -> None:
    item = {
        "customFields": [{"fieldCode": "a", "fieldValue": 1}, {"fieldCode": "b", "fieldValue": "乙"}],
        "tags": [{"name": "x"}, {"name": None}, {"name": "y"}],
        "list": [{"code": "first"}],
        "FMaterialId.FNumber": "13.1",
        "FMaterialId": 7,
    }
    assert value_at(item, "customFields[fieldCode=b].fieldValue") == "乙"
    assert value_at(item, "tags[].name") == ["x", "y"]
    assert value_at(item, "list.0.code") == value_at(item, "list[0].code") == "first"
    assert value_at(item, "FMaterialId.FNumber") == "13.1"
    assert value_at(item, "customFields[fieldCode=none].fieldValue") is None
    assert in_reply(None, {"x-total": "7"}, "$header.X-Total") == "7"
    for wrong in ("a..b", "a.", "a[b]", ".a", "a b"):
        with pytest.raises(ValidationError):
            MesEndpointConfig.model_validate(
                {"system": "a", "object": "b", "path": "/", "key": "id", "columns": {"c": wrong}}
            )


def test_children_become_rows_with_fields_of_the_item_around_them() -> None:
    boms = [
        {
            "id": 1,
            "code": "B1",
            "lines": [{"no": 1, "qty": 2}, {"no": 2, "qty": 0.5}],
            "tags": [{"t": "a"}, {"t": "b"}],
        },
        {"id": 2, "code": "B2", "lines": []},
        {"id": 3, "code": "B3", "lines": "none"},
        {"id": 4, "code": "B4", "lines": [{"no": None}]},
    ]
    endpoint = LIST | {
        "children": "lines",
        "key": ["^.id", "no"],
        "columns": {"bom": "^.code", "no": "no", "qty": "qty", "tags": "^.tags[].t", "raw": "^.lines"},
    }
    with serving(lambda asked: Answer({"items": boms, "total": 4})) as api:
        pages = read(connector(api.url, endpoint, envelope=PLAIN))
    rows = rows_of(pages)
    found = [(row[KEY], row["bom"], row["qty"], row["tags"]) for row in rows]
    assert found == [("1|1", "B1", "2", "a,b"), ("1|2", "B1", "0.5", "a,b")]
    assert json.loads(rows[0]["raw"])[1]["no"] == 2
    assert [row["reason"] for row in rejected_of(pages)] == ["mes_item_no_children", "mes_item_no_key"]


@pytest.mark.parametrize("batch", [1, 10])
def test_list_then_detail_and_one_bad_id_is_rejected_and_asked_for_again(batch: int) -> None:
    bad = {2**60 + 7}

    def answer(asked: Asked) -> Answer:
        if asked.path == "/lots":
            return Answer({"items": [{"id": row["id"], "at": 1000} for row in ROWS], "total": 25})
        ids = asked.body["ids"] if batch > 1 else [int(asked.path.rpartition("/")[2])]
        if bad & set(ids):
            return Answer({"detail": "no such lot"}, 404)
        found = [{"id": one, "n": one - 2**60, "deep": {"v": 1}} for one in ids]
        return Answer({"data": found if batch > 1 else found[0]})

    detail: dict[str, Any] = {"path": "/lots/{id}", "parallel": 4}
    if batch > 1:
        detail = {"path": "/batch-detail", "method": "POST", "body": {"ids": "{ids}"}, "batch": batch}
    columns = {"id": "id", "n": "n", "v": "deep.v"}
    endpoint = LIST | {"detail": detail, "columns": columns, "updated": {"filter_from": "since", "column": "at"}}
    with serving(answer) as api:
        source = connector(api.url, endpoint, envelope=PLAIN)
        pages = read(source)
        assert sorted(int(row["n"]) for row in rows_of(pages)) == [number for number in range(25) if number != 7]
        (rejected,) = rejected_of(pages)
        assert (rejected[KEY], rejected["reason"]) == (str(2**60 + 7), "mes_detail_missing")
        bad.clear()
        again = read(source, pages[-1].position)
        assert str(2**60 + 7) in keys_of(again)
        assert "again" not in again[-1].position


def test_details_that_all_fail_are_one_sentence() -> None:
    def answer(asked: Asked) -> Answer:
        return Answer({"items": ROWS, "total": 25}) if asked.path == "/lots" else Answer({"detail": "forbidden"}, 403)

    with serving(answer) as api, pytest.raises(Problem) as caught:
        read(connector(api.url, LIST | {"detail": {"path": "/lots/{id}"}}, envelope=PLAIN))
    assert caught.value.code == "mes_refused"


def test_a_query_that_is_begun_and_polled() -> None:
    polls = iter(["running", "running", "done"])

    def answer(asked: Asked) -> Answer:
        if asked.path == "/export":
            return Answer({"taskId": 77})
        assert asked.query == {"task": "77"}
        state = next(polls)
        return Answer({"state": state, "items": ROWS if state == "done" else None})

    task = {"id": "taskId", "path": "/export-state", "method": "GET", "query": {"task": "{task}"}, "done": "state",
            "done_values": ["done"], "failed_values": ["failed"], "every_seconds": 0.01}  # fmt: skip
    endpoint = LIST | {"path": "/export", "method": "POST", "task": task}
    with serving(answer) as api:
        source = connector(api.url, endpoint, envelope=PLAIN | {"total": None}, paging={"kind": "none"})
        assert len(keys_of(read(source))) == 25
        polls = iter(["failed"])
        with pytest.raises(Problem) as caught:
            read(source)
    assert caught.value.code == "mes_task_failed"


# --- deletions -------------------------------------------------------------------------------------


def test_how_deletions_are_found_is_said() -> None:
    updated = {"updated": {"filter_from": "since", "column": "at"}}
    cases: list[tuple[dict[str, Any], str]] = [
        ({}, "read"),
        (updated, "no"),
        (updated | {"deleted": {"column": "status", "values": ["void"]}}, "reported"),
        (updated | {"keys_from": {"path": "/ids", "key": ["id"]}}, "keys"),
    ]
    for more, expected in cases:
        assert connector("http://127.0.0.1:1", LIST | more).deletions("lot") == expected


def test_a_status_that_means_deleted_is_reported() -> None:
    rows = [{"id": 1, "at": 1, "status": "ok"}, {"id": 2, "at": 1, "status": "void"}]
    updated = {"updated": {"filter_from": "since", "column": "at"}}
    flag = {"deleted": {"column": "status", "values": ["void"]}, "columns": ["id"]}
    with serving(lambda asked: Answer({"items": rows, "total": 2})) as api:
        (page,) = read(connector(api.url, LIST | updated | flag, envelope=PLAIN))
        assert (keys_of([page]), page.deleted) == (["1"], ("2",))
        (page,) = read(connector(api.url, LIST | flag, envelope=PLAIN))
        assert (keys_of([page]), page.deleted) == (["1"], ())  # not there: a deletion by itself


def test_keys_are_listed_by_another_list_or_by_walking_everything() -> None:
    def answer(asked: Asked) -> Answer:
        if asked.path == "/ids":
            return Answer({"items": [[row["id"]] for row in ROWS]})
        at = int(asked.query["offset"])
        return Answer({"items": sliced(at, int(asked.query["limit"])), "total": 25})

    updated = {"updated": {"filter_from": "since", "column": "at"}}
    ids = {"keys_from": {"path": "/ids", "method": "GET", "fields": ["id"], "key": ["id"], "paging": {"kind": "none"}}}
    paging = {"kind": "offset", "size": "limit", "page_size": 10}
    with serving(answer) as api:
        for more in (ids, {}):
            source = connector(api.url, LIST | updated | more, envelope=PLAIN, paging=paging)
            keys = [key for array in source.keys("lot") for key in array.to_pylist()]
            assert sorted(keys) == sorted(str(row["id"]) for row in ROWS)


def test_everything_is_looked_at_again_after_so_many_days() -> None:
    def answer(asked: Asked) -> Answer:
        return Answer(
            {"items": ROWS[:1] if "since" in asked.query else ROWS, "total": 1 if "since" in asked.query else 25}
        )

    endpoint = LIST | {"updated": {"filter_from": "since", "column": "n"}, "full_every_days": 7}
    with serving(answer) as api:
        source = connector(api.url, endpoint, envelope=PLAIN)
        first = read(source)
        assert all(page.complete for page in first)
        changes = read(source, first[-1].position)
        assert not any(page.complete for page in changes)
        assert len(keys_of(changes)) == 1
        old = changes[-1].position | {"full_at": (datetime.now(UTC) - timedelta(days=8)).isoformat()}
        again = read(source, old)
        assert all(page.complete for page in again)
        assert len(keys_of(again)) == 25
        assert again[-1].position["full_at"] > old["full_at"]
