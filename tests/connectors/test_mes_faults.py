"""A misbehaving MES: every fault is either outlived or one sentence, and nothing is lost or doubled."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pytest

from connectors.base import KEY, Page
from connectors.config_models import SystemConfig
from connectors.mes.config import MesEndpointConfig
from connectors.mes.connector import MesConnector
from schemas.problems import Problem
from tests.connectors.mes_fault_server import (
    SECRET,
    TOKEN,
    FaultServer,
    drip,
    garbage,
    reset,
    running,
    stall,
    status,
    truncated,
)

LIMITS = {"connect_seconds": 1, "read_seconds": 0.4, "tries": 3, "first_wait_seconds": 0.01, "longest_wait_seconds": 1}


@pytest.fixture
def mes() -> Iterator[FaultServer]:
    with running() as server:
        yield server


def connector(url: str, secret: str = SECRET, limits: dict[str, Any] | None = None, **attributes: Any) -> MesConnector:
    columns = {"id": "id", "code": "code", "qty": "amount.qty", "at": "at"}
    endpoint = {"path": "/list", "key": ["id"], "columns": columns, "times": ["at"], **attributes}
    system = SystemConfig(
        system="mes",
        kind="mes",
        plant="P1",
        title={"zh": "制造执行", "en": "MES"},
        url_env="WATERWORKS_MES_URL",
        auth={
            "path": "/login",
            "body": {"appSecret": {"env": "MES_SECRET"}},
            "token": "data.token",
            "expires": "data.expire",
        },
        paging={"page_size": 4},
        limits=LIMITS | (limits or {}),
        objects={"lot": MesEndpointConfig(system="mes", object="lot", **endpoint)},
    )
    return MesConnector(system, url, {"MES_SECRET": secret})


def item(number: int, **more: Any) -> dict[str, Any]:
    return {"id": 2**60 + number, "code": f"批{number}", "amount": {"qty": 0.1}, "at": 1_700_000_000_000, **more}


def read(server: FaultServer, page_rows: int = 1000, position: Any = None, **attributes: Any) -> list[Page]:
    return list(connector(server.url, **attributes).read("lot", position, page_rows))


def rows_of(pages: list[Page]) -> list[dict[str, Any]]:
    return pa.concat_tables([page.rows for page in pages]).to_pylist()


def problem_of(server: FaultServer, **attributes: Any) -> Problem:
    with pytest.raises(Problem) as caught:
        read(server, **attributes)
    problem = caught.value
    for language in ("zh", "en"):
        assert SECRET not in problem.text(language)
        assert TOKEN not in problem.text(language)
    return problem


def test_values_are_exact_text_and_times_are_whole(mes: FaultServer) -> None:
    mes.items = [item(1), item(2, code=None, amount=None, at=None), item(3, code=True, amount={"qty": "1.50"})]
    rows = rows_of(read(mes))
    assert rows[0] == {
        "id": str(2**60 + 1),
        "code": "批1",
        "qty": "0.1",
        "at": 1_700_000_000_000,
        KEY: str(2**60 + 1),
        "_row_no": None,
    }
    assert [rows[1][name] for name in ("code", "qty", "at")] == [None, None, None]
    assert [rows[2][name] for name in ("code", "qty")] == ["true", "1.50"]


@pytest.mark.parametrize("count", [0, 1, 3, 4, 5, 8, 9])
@pytest.mark.parametrize("with_total", [True, False])
@pytest.mark.parametrize("largest_page", [3, 10])
def test_every_record_comes_once(mes: FaultServer, count: int, with_total: bool, largest_page: int) -> None:
    """Also when the server gives smaller pages than asked for, and when it states no total."""
    mes.items = [item(number) for number in range(count)]
    mes.with_total, mes.largest_page = with_total, largest_page
    for page_rows in (1, 5, 1000):
        pages = read(mes, page_rows)
        assert sorted(row[KEY] for row in rows_of(pages)) == [str(2**60 + number) for number in range(count)]


@pytest.mark.parametrize(
    "fault", [status(500), status(502), status(429), status(429, Retry_After="0"), garbage, truncated, stall, reset]
)
def test_a_passing_fault_is_outlived(mes: FaultServer, fault: Any) -> None:
    mes.items = [item(number) for number in range(6)]
    mes.faults.extend([fault, fault])
    assert len(rows_of(read(mes))) == 6


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (status(500), "mes_server_error"),
        (status(429, Retry_After="0"), "mes_rate_limited"),
        (status(403), "mes_refused"),
        (status(404), "mes_no_endpoint"),
        (status(302, Location="http://127.0.0.1:1/"), "mes_refused"),
        (garbage, "mes_not_json"),
        (truncated, "mes_unreachable"),
        (stall, "mes_timeout"),
        (reset, "mes_unreachable"),
        (lambda handler: handler.reply(200, {"code": 500123, "message": "参数错误"}), "mes_refused"),
        (lambda handler: handler.reply(200, {"code": 200, "data": {"rows": []}}), "mes_no_rows"),
        (lambda handler: handler.reply(200, [1, 2]), "mes_refused"),
        (lambda handler: handler.reply(200, {"code": 200, "data": {"list": 5}}), "mes_no_rows"),
    ],
)
def test_a_lasting_fault_is_one_sentence(mes: FaultServer, fault: Any, code: str) -> None:
    mes.faults.extend([fault] * 10)
    assert problem_of(mes).code == code
    assert not connector(mes.url).check().ok


def test_dripping_bytes_end_in_time(mes: FaultServer) -> None:
    mes.faults.append(drip)
    started = time.monotonic()
    assert problem_of(mes, limits={"tries": 1}).code == "mes_timeout"
    assert time.monotonic() - started < 5


def test_retry_after_is_waited_for(mes: FaultServer) -> None:
    mes.items = [item(1)]
    mes.faults.append(status(429, Retry_After="1"))
    started = time.monotonic()
    assert len(rows_of(read(mes))) == 1
    assert time.monotonic() - started >= 1


def test_token_that_ends_between_pages_is_renewed(mes: FaultServer) -> None:
    mes.items = [item(number) for number in range(20)]
    mes.token_uses = 2
    assert len(rows_of(read(mes, paging={"page_size": 4, "overlap": False}))) == 20
    assert mes.logins == 3


def test_token_that_is_never_accepted(mes: FaultServer) -> None:
    mes.token_uses = 0
    assert problem_of(mes).code == "mes_token_refused"


def test_a_token_is_wanted_and_none_is_configured(mes: FaultServer) -> None:
    mes.token_uses = 0
    configured = connector(mes.url)
    open_system = configured._config.model_copy(update={"auth": None})
    with pytest.raises(Problem) as caught:
        list(MesConnector(open_system, mes.url, {}).read("lot", None, 10))
    assert caught.value.code == "mes_access_needed"


def test_wrong_secret(mes: FaultServer) -> None:
    with pytest.raises(Problem) as caught:
        list(connector(mes.url, secret="wrong-secret-1").read("lot", None, 10))
    assert caught.value.code == "mes_login_refused"
    assert "wrong-secret-1" not in caught.value.text("en")  # this server repeats it in its message


def test_nothing_listens() -> None:
    with running() as server:
        url = server.url
    check = connector(url).check()
    assert not check.ok
    assert "connection refused" in check.sentence["en"]
    assert "端口" in check.sentence["zh"]


def test_a_server_that_ignores_the_page_number(mes: FaultServer) -> None:
    mes.items = [item(number) for number in range(6)]
    mes.ignore_page, mes.with_total = True, False
    assert len(rows_of(read(mes, paging={"page_size": 6}))) == 6
    mes.with_total = True
    assert problem_of(mes).code == "mes_page_repeats"


def test_a_list_that_never_ends(mes: FaultServer) -> None:
    mes.items = [item(number) for number in range(50)]
    assert problem_of(mes, paging={"page_size": 4, "max_pages": 5}).code == "mes_too_many_pages"


def test_records_that_move_while_paging_are_neither_lost_nor_doubled(mes: FaultServer) -> None:
    """A record deleted from page 1 after it was read pulls another one over the border."""
    mes.items = [item(number) for number in range(12)]
    moves = [lambda: mes.items.pop(0), lambda: mes.items.insert(0, item(99))]

    def move(number: int) -> None:
        if number == 2 and moves:
            moves.pop(0)()

    mes.before_page = move
    keys = [row[KEY] for row in rows_of(read(mes, 4))]
    assert len(keys) == len(set(keys))
    assert {str(2**60 + number) for number in range(1, 12)} <= set(keys)


def test_rows_that_the_total_promises_but_never_come(mes: FaultServer) -> None:
    mes.items = [item(1), item(2), item(2)]
    problem = problem_of(mes)
    assert problem.code == "mes_rows_missing"
    assert problem.params["seen"] == 2


def test_items_that_are_no_rows_are_rejected(mes: FaultServer) -> None:
    mes.items = [item(1), {"code": "x"}, "text", None, None, item(2, at="yesterday"), item(3, at="1700000000000")]
    pages = read(mes)
    rejected = pa.concat_tables([page.rejected for page in pages]).to_pylist()
    assert len(rows_of(pages)) == 2
    assert [row["reason"] for row in rejected] == [
        "mes_item_no_key",
        "mes_item_no_object",
        "mes_item_no_object",
        "mes_item_no_object",
        "mes_item_bad_time",
    ]
    again = pa.concat_tables([page.rejected for page in read(mes)]).to_pylist()
    assert [row[KEY] for row in again] == [row[KEY] for row in rejected]


UPDATED = {"updated": {"filter_from": "updateTimeFrom", "column": "at", "overlap_minutes": 10}}


def test_only_the_last_page_moves_the_cursor(mes: FaultServer) -> None:
    base = 1_700_000_000_000
    mes.items = [item(number, at=base - number) for number in range(9)]
    pages = read(mes, 4, position={"watermark": base - 500}, **UPDATED)
    assert [page.position["watermark"] for page in pages[:-1]] == [base - 500] * (len(pages) - 1)
    assert pages[-1].position == {"watermark": base}
    assert mes.requests[0]["updateTimeFrom"] == base - 500 - 600_000
    assert connector(mes.url, **UPDATED).deletions("lot") == "no"
    assert connector(mes.url).deletions("lot") == "read"


def test_stamps_from_the_future_do_not_move_the_cursor_past_now(mes: FaultServer) -> None:
    mes.items = [item(1, at=4_000_000_000_000)]
    assert read(mes, **UPDATED)[-1].position["watermark"] <= time.time() * 1000 + 1000


def test_newer_version_of_a_row_already_given_out_is_left_for_the_next_read(mes: FaultServer) -> None:
    base = 1_700_000_000_000
    mes.items = [item(number, at=base + number) for number in range(8)]

    def change(number: int) -> None:
        if number == 2 and len(mes.items) == 8:
            mes.items = [*mes.items[:4], item(0, at=base + 3, code="newer"), *mes.items[4:8]]

    mes.before_page = change
    mes.with_total = False
    pages = read(mes, 4, **UPDATED)
    keys = [row[KEY] for row in rows_of(pages)]
    assert len(keys) == len(set(keys)) == 8
    assert pages[-1].position == {"watermark": base + 3}


def test_no_secret_is_logged(mes: FaultServer, caplog: pytest.LogCaptureFixture) -> None:
    mes.items = [item(1)]
    mes.faults.extend([reset, status(500)])
    with caplog.at_level(logging.DEBUG):
        read(mes)
    assert TOKEN not in caplog.text
    assert SECRET not in caplog.text


def test_check_and_discover(mes: FaultServer) -> None:
    mes.items = [item(number) for number in range(7)]
    check = connector(mes.url).check()
    assert check.ok
    assert "1 configured endpoints" in check.sentence["en"]
    (found,) = connector(mes.url).discover()
    assert (found.name, found.rows, found.key) == ("lot", 7, ("id",))
