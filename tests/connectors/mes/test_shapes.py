"""Shapes of lists that YAML alone must cover, each on a real HTTP server: paging, cursors, links."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from schemas.problems import Problem
from tests.connectors.mes.api import Answer, Asked, connector, keys_of, read, serving

ROWS = [{"id": 2**60 + number, "n": number} for number in range(25)]
PLAIN: dict[str, Any] = {"success": None, "rows": "items", "total": "total"}
LIST: dict[str, Any] = {"path": "/lots", "method": "GET", "key": "id", "columns": ["id", "n"]}


def sliced(at: int, size: int) -> list[dict[str, Any]]:
    return ROWS[at : at + size]


def page_zero_based_dotted_body(asked: Asked) -> Answer:
    pager = asked.body["pager"]
    return Answer({"code": 0, "result": {"rows": sliced(pager["index"] * pager["rows"], pager["rows"]), "count": "25"}})


def bare_array(asked: Asked) -> Answer:
    return Answer(sliced(int(asked.query["offset"]), int(asked.query["limit"])))


def header_of_strings(asked: Asked) -> Answer:
    page, size = int(asked.query["page"]), int(asked.query["size"])
    header = json.dumps({"total": "25", "page": str(page), "size": str(size)})
    return Answer({"data": sliced((page - 1) * size, size)}, headers={"X-Pagination": json.dumps(header)})


def cursor(asked: Asked) -> Answer:
    at = int(asked.query.get("after", "0"))
    following = at + 10 if at + 10 < len(ROWS) else None
    return Answer({"items": sliced(at, 10), "page": {"next": following}})


def link_header(asked: Asked) -> Answer:
    at = int(asked.query.get("at", "0"))
    headers = {"Link": f'</lots?at={at + 10}>; rel="next", </lots>; rel="first"'} if at + 10 < len(ROWS) else {}
    return Answer(sliced(at, 10), headers=headers)


def next_url(asked: Asked) -> Answer:
    at = int(asked.query.get("at", "0"))
    following = f"http://{asked.headers['host']}/lots?at={at + 10}" if at + 10 < len(ROWS) else None
    return Answer({"items": sliced(at, 10), "next": following})


def has_more(asked: Asked) -> Answer:
    at, size = int(asked.query["offset"]), min(7, int(asked.query["limit"]))
    return Answer({"items": sliced(at, size), "has_more": at + size < 25})


def huawei(asked: Asked) -> Answer:
    """limit and offset in the query, the filter in the body, {status, data: {count, data}}."""
    if asked.headers.get("x-auth-token") != "fixed-token" or asked.body != {"statuses": ["OPEN"]}:
        return Answer({"status": "403", "message": "no"})
    rows = sliced(int(asked.query["offset"]), int(asked.query["limit"]))
    return Answer({"status": "200", "message": "ok", "data": {"count": 25, "limit": 10, "offset": 0, "data": rows}})


def one_object(asked: Asked) -> Answer:
    return Answer({"items": {"id": 1, "n": 5}})


SHAPES: list[tuple[Callable[[Asked], Answer], dict[str, Any], dict[str, Any], int]] = [
    (
        page_zero_based_dotted_body,
        {"method": "POST"},
        {
            "envelope": {"success_values": [0], "rows": "result.rows", "total": "result.count"},
            "paging": {"page": "pager.index", "size": "pager.rows", "first": 0, "page_size": 10},
        },
        25,
    ),
    (
        bare_array,
        {},
        {
            "envelope": PLAIN | {"rows": "$", "total": None},
            "paging": {"kind": "offset", "size": "limit", "page_size": 10},
        },
        25,
    ),
    (
        header_of_strings,
        {},
        {"envelope": PLAIN | {"rows": "data", "total": "$header.X-Pagination.total"}, "paging": {"page_size": 10}},
        25,
    ),
    (
        cursor,
        {},
        {
            "envelope": PLAIN | {"total": None},
            "paging": {"kind": "cursor", "cursor": "after", "next": "page.next", "page_size": 10},
        },
        25,
    ),
    (link_header, {}, {"envelope": PLAIN | {"rows": "$", "total": None}, "paging": {"kind": "link"}}, 25),
    (next_url, {}, {"envelope": PLAIN | {"total": None}, "paging": {"kind": "link", "next": "next"}}, 25),
    (
        has_more,
        {},
        {
            "envelope": PLAIN | {"total": None},
            "paging": {"kind": "offset", "size": "limit", "has_more": "has_more", "page_size": 10},
        },
        25,
    ),
    (
        huawei,
        {"method": "POST", "body": {"statuses": ["OPEN"]}},
        {
            "headers": {"X-Auth-Token": {"env": "API_TOKEN"}},
            "envelope": {"success": "status", "rows": "data.data", "total": "data.count"},
            "paging": {"kind": "offset", "size": "limit", "place": "query", "page_size": 10},
        },
        25,
    ),
    (one_object, {"one": True}, {"envelope": PLAIN}, 1),
]


@pytest.mark.parametrize(("answer", "endpoint", "system", "count"), SHAPES, ids=[shape[0].__name__ for shape in SHAPES])
def test_every_record_of_every_shape_comes_once(
    answer: Callable[[Asked], Answer], endpoint: dict[str, Any], system: dict[str, Any], count: int
) -> None:
    with serving(answer) as api:
        source = connector(api.url, LIST | endpoint, {"API_TOKEN": "fixed-token"}, **system)
        for page_rows in (3, 1000):
            keys = keys_of(read(source, page_rows=page_rows))
            assert len(keys) == len(set(keys)) == count


def test_a_next_page_on_another_server_is_not_followed() -> None:
    answer = Answer({"items": ROWS[:10], "next": "http://elsewhere.example/lots?at=10"})
    with serving(lambda asked: answer) as api:
        source = connector(api.url, LIST, envelope=PLAIN, paging={"kind": "link", "next": "next"})
        with pytest.raises(Problem) as caught:
            read(source)
    assert caught.value.code == "mes_next_elsewhere"


def test_a_cursor_that_repeats_itself_stops() -> None:
    with serving(lambda asked: Answer({"items": ROWS[:10], "next": "same"})) as api:
        source = connector(api.url, LIST, envelope=PLAIN | {"total": None}, paging={"kind": "cursor", "next": "next"})
        with pytest.raises(Problem) as caught:
            read(source)
    assert caught.value.code == "mes_page_repeats"


def test_a_total_that_only_counts_the_page_is_not_believed() -> None:
    def answer(asked: Asked) -> Answer:
        rows = sliced((int(asked.query["page"]) - 1) * int(asked.query["size"]), int(asked.query["size"]))
        return Answer({"items": rows, "total": len(rows)})

    with serving(answer) as api:
        assert len(keys_of(read(connector(api.url, LIST, envelope=PLAIN, paging={"page_size": 5})))) == 25
