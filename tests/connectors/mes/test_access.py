"""Logins, lost sessions, time filters, waiting and secrets, each on a real HTTP server."""

from __future__ import annotations

import json
import logging
import time
import traceback
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from pydantic import ValidationError

from connectors.base import KEY
from connectors.mes.config import MesTls
from connectors.mes.templates import environment_names
from schemas.problems import Problem
from tests.connectors.mes.api import Answer, Asked, connector, keys_of, read, rows_of, serving

ROWS = [{"id": 2**60 + number, "n": number} for number in range(25)]
PLAIN: dict[str, Any] = {"success": None, "rows": "items", "total": "total"}
LIST: dict[str, Any] = {"path": "/lots", "method": "GET", "key": "id", "columns": ["id", "n"]}


def sliced(at: int, size: int) -> list[dict[str, Any]]:
    return ROWS[at : at + size]


def test_steps_of_a_login_and_a_token_in_a_cookie() -> None:
    """App token, then user token by it; expiry as a point in time in ms; a form; the token as a cookie."""

    def answer(asked: Asked) -> Answer:
        if asked.path == "/app-token":
            assert asked.raw_body == b"id=app&secret=canary-app"
            return Answer({"code": 200, "data": {"appAccessToken": "canary-app-token"}})
        if asked.path == "/user-token":
            assert asked.headers["x-app"] == "canary-app-token"
            expire = int(time.time() * 1000) + 60_000
            return Answer({"code": 200, "data": {"token": f"canary-user-{len(api.asked)}", "expire": expire}})
        if not asked.headers.get("cookie", "").startswith("sid=Bearer canary-user-"):
            return Answer({}, 401)
        return Answer({"code": 200, "data": {"list": ROWS, "total": 25}})

    auth = {
        "before": [
            {
                "path": "/app-token",
                "form": True,
                "body": {"id": "app", "secret": {"env": "APP_SECRET"}},
                "keep": {"app_token": "data.appAccessToken"},
            }
        ],
        "path": "/user-token",
        "headers": {"X-App": "{app_token}"},
        "token": "data.token",
        "expires": "data.expire",
        "expires_unit": "ms",
        "expires_kind": "epoch",
        "place": "cookie",
        "name": "sid",
        "prefix": "Bearer ",
    }
    with serving(answer) as api:
        source = connector(api.url, LIST | {"method": "POST"}, {"APP_SECRET": "canary-app"}, auth=auth)
        assert len(keys_of(read(source))) == 25
        assert [asked.path for asked in api.asked].count("/user-token") == 1


@pytest.mark.parametrize(
    ("refusal", "words"),
    [
        (Answer({"code": 10004, "message": "x"}), {"lost_status": [401, 10004]}),
        (Answer({"code": 500, "message": "令牌已过期"}), {"lost_words": ["令牌"]}),
        (Answer({}, 419), {"lost_status": [419]}),
    ],
)
def test_a_lost_session_is_known_by_status_code_or_words(refusal: Answer, words: dict[str, Any]) -> None:
    """But only in a failure: rows that contain the word are data."""
    rows = [row | {"n": "令牌"} for row in ROWS]
    lists, logins = [], []

    def answer(asked: Asked) -> Answer:
        if asked.path == "/login":
            logins.append(asked)
            return Answer({"code": 200, "token": f"canary-token-{len(logins)}"})
        lists.append(asked)
        if len(lists) == 2:
            return refusal
        at = (int(asked.query["page"]) - 1) * int(asked.query["size"])
        data = {"list": rows[at : at + int(asked.query["size"])], "total": 25}
        return Answer({"code": 200, "message": "令牌", "data": data})

    auth = {"path": "/login", "method": "GET", "token": "token", "place": "header", "name": "Authorization"} | words
    with serving(answer) as api:
        assert len(keys_of(read(connector(api.url, LIST, auth=auth, paging={"page_size": 10})))) == 25
    assert len(logins) == 2
    assert lists[-1].headers["authorization"] == "canary-token-2"


# --- times -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "more", "expected"),
    [
        ("2026-01-02T03:04:05", {"times_zone": "UTC"}, "2026-01-02T03:04:05+00:00"),
        ("2026-01-02 03:04:05", {}, "2026-01-02T03:04:05+08:00"),
        ("2026-01-02T03:04:05Z", {}, "2026-01-02T03:04:05+00:00"),
        ("2026/01/02 03:04:05", {}, "2026-01-02T03:04:05+08:00"),
        ("/Date(1767323045000)/", {}, "2026-01-02T03:04:05+00:00"),
        (1767323045, {"times_unit": "s"}, "2026-01-02T03:04:05+00:00"),
        ("1767323045000", {}, "2026-01-02T03:04:05+00:00"),
    ],
)
def test_times_become_epoch_milliseconds(written: Any, more: dict[str, Any], expected: str) -> None:
    with serving(lambda asked: Answer({"items": [{"id": 1, "at": written}], "total": 1})) as api:
        endpoint = LIST | {"columns": ["id", "at"], "times": ["at"]} | more
        (row,) = rows_of(read(connector(api.url, endpoint, envelope=PLAIN)))
    assert row["at"] == int(datetime.fromisoformat(expected).timestamp() * 1000)


@pytest.mark.parametrize(
    ("updated", "wanted"),
    [
        ({"filter_from": "since", "unit": "s"}, {"since": str(1_767_322_445)}),
        ({"filter_from": "since", "unit": "iso", "zone": "UTC"}, {"since": "2026-01-02T02:54:05"}),
        ({"filter_from": "since", "unit": "iso_offset"}, {"since": "2026-01-02T10:54:05+08:00"}),
        ({"filter_from": "since", "unit": "local"}, {"since": "2026-01-02 10:54:05"}),
        ({"filter_from": "since", "unit": "date"}, {"since": "2026-01-02"}),
        ({"filter_from": "since", "pattern": "%Y%m%d%H%M%S"}, {"since": "20260102105405"}),
        ({"filter": {"q": "updated ge {from}"}, "unit": "iso", "zone": "UTC"}, {"q": "updated ge 2026-01-02T02:54:05"}),
    ],
)
def test_the_time_filter_is_written_as_the_api_wants_it(updated: dict[str, Any], wanted: dict[str, str]) -> None:
    with serving(lambda asked: Answer({"items": [], "total": 0})) as api:
        endpoint = LIST | {"updated": updated | {"column": "at"}}
        read(connector(api.url, endpoint, envelope=PLAIN), {"watermark": 1_767_323_045_000})
        assert wanted.items() <= api.asked[-1].query.items()


def test_a_long_time_is_cut_into_windows_the_api_allows() -> None:
    """The read may be broken off between two windows; the last one reaches beyond now."""
    days = [datetime.now(UTC) - timedelta(days=number) for number in range(100)]
    rows = [{"id": number, "at": int(day.timestamp() * 1000)} for number, day in enumerate(days)]

    def answer(asked: Asked) -> Answer:
        start, end = int(asked.body["from"]), int(asked.body["to"])
        if end - start > 31 * 86_400_000:
            return Answer({"code": 400, "message": "时间跨度不能超过 31 天"})
        found = [row for row in rows if start <= row["at"] <= end]
        at = (asked.body["page"] - 1) * asked.body["size"]
        return Answer({"code": 200, "data": {"list": found[at : at + asked.body["size"]], "total": len(found)}})

    since = (days[-1] - timedelta(days=1)).strftime("%Y-%m-%d")
    updated = {"filter_from": "from", "filter_to": "to", "column": "at", "since": since, "max_window_days": 31}
    endpoint = LIST | {"method": "POST", "columns": ["id"], "updated": updated}
    with serving(answer) as api:
        source = connector(api.url, endpoint, paging={"page_size": 8})
        whole = read(source)
        assert sorted(map(int, keys_of(whole))) == list(range(100))
        got: set[str] = set()
        position = None
        for number, page in enumerate(source.read("lot", None, 1000)):
            got |= set(page.rows[KEY].to_pylist())
            position = page.position
            if number == 1:
                break
        asked_before = len(api.asked)
        rest = read(source, position)
        assert got | set(keys_of(rest)) == {str(number) for number in range(100)}
        assert len(api.asked) - asked_before < 16


@pytest.mark.parametrize(
    "headers",
    [
        {"Retry-After": "1"},
        {"X-RateLimit-Reset": "in 1 s, epoch ms"},
        {"X-RateLimit-Reset": "in 1 s, epoch s"},
        {"Retry-After": "in 1 s, date"},
    ],
)
def test_a_server_says_how_long_to_wait(headers: dict[str, str]) -> None:
    state = {"limited": True}

    def answer(asked: Asked) -> Answer:
        if state.pop("limited", False):
            moment = time.time() + 1.2
            forms = {
                "in 1 s, epoch ms": str(int(moment * 1000)),
                "in 1 s, epoch s": str(int(moment) + 1),
                "in 1 s, date": format_datetime(datetime.fromtimestamp(moment + 1, UTC), usegmt=True),
            }
            return Answer({}, 429, {name: forms.get(value, value) for name, value in headers.items()})
        return Answer({"items": ROWS, "total": 25})

    limits = {"longest_wait_seconds": 5, "first_wait_seconds": 0.01, "tries": 2}
    with serving(answer) as api:
        started = time.monotonic()
        assert len(keys_of(read(connector(api.url, LIST, envelope=PLAIN, limits=limits)))) == 25
        assert time.monotonic() - started > 0.4


def test_the_allowance_of_a_server_is_not_overdrawn() -> None:
    """X-RateLimit-Remaining: 0 holds the next request, so that no 429 is ever answered."""

    def answer(asked: Asked) -> Answer:
        rows = sliced(int(asked.query["offset"]), int(asked.query["limit"]))
        return Answer({"items": rows, "total": 25}, headers={"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "0.3"})

    with serving(answer) as api:
        started = time.monotonic()
        paging = {"kind": "offset", "size": "limit", "page_size": 13}
        read(connector(api.url, LIST, envelope=PLAIN, paging=paging))
        assert time.monotonic() - started > 0.25


# --- secrets ---------------------------------------------------------------------------------------


FAULTS = [
    Answer({"detail": "wrong canary-token in ?access_token=canary-token"}, 403),
    Answer(text="<html>canary-token</html>"),
    Answer({}, 500),
    Answer(text="", status=404),
    Answer({"items": 5}),
]


@pytest.mark.parametrize("fault", FAULTS)
def test_no_secret_in_any_sentence_log_or_chain(fault: Answer, caplog: pytest.LogCaptureFixture) -> None:
    def answer(asked: Asked) -> Answer:
        return Answer({"token": "canary-token"}) if asked.path == "/login" else fault

    auth = {"path": "/login", "token": "token", "body": {"s": {"env": "S"}}}
    logging.getLogger("urllib3.connectionpool").setLevel(logging.DEBUG)
    with caplog.at_level(logging.DEBUG), serving(answer) as api:
        source = connector(api.url, LIST, {"S": "canary-secret"}, auth=auth, envelope=PLAIN)
        with pytest.raises(Problem) as caught:
            read(source)
        check = source.check()
    seen: BaseException | None = caught.value
    said = [caplog.text, str(check), json.dumps(caught.value.as_json())]
    while seen is not None:
        said += [str(seen), repr(seen), "".join(traceback.format_exception(seen))]
        seen = seen.__cause__ or seen.__context__
    # a traceback also quotes lines of this test, which name the canary
    assert not [line for text in said for line in text.splitlines() if "canary" in line and "Answer(" not in line]


def test_connections_that_fail_name_no_address_with_a_token() -> None:
    with serving(lambda asked: Answer({"token": "canary-token"})) as api:
        source = connector(api.url, LIST, auth={"path": "/login", "token": "token"}, envelope=PLAIN)
        pages = source.read("lot", None, 10)
        api.answer = lambda asked: Answer({"token": "canary-token"}) if asked.path == "/login" else _die()
        with pytest.raises(Problem) as caught:
            next(pages)
    seen: BaseException | None = caught.value
    while seen is not None:
        assert "canary" not in repr(seen) + str(getattr(seen, "args", ""))
        seen = seen.__cause__ or seen.__context__


def _die() -> Answer:
    raise ConnectionResetError


def test_a_certificate_is_verified_unless_a_reason_is_written() -> None:
    with pytest.raises(ValidationError, match="why"):
        MesTls(verify=False)
    assert MesTls(verify=False, why="测试机没有证书").verify is False
    source = {"tls": {"ca_env": "WATERWORKS_API_CA", "proxy_env": "WATERWORKS_API_PROXY"}}
    assert environment_names(connector("http://127.0.0.1:1", LIST, {}, headers={"a": {"env": "A"}})._config) == {"A"}
    with pytest.raises(Problem) as caught:
        connector("https://127.0.0.1:1", LIST, {"WATERWORKS_API_CA": "/no/such/file.pem"}, **source)
    assert caught.value.code == "mes_ca_missing"


def test_a_check_looks_at_login_rows_columns_pages_and_clocks() -> None:
    hour = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)

    def answer(asked: Asked) -> Answer:
        return Answer({"items": [{"id": 1, "at": "soon"}, {"id": 2, "at": 5}], "total": 2}, headers={"Date": hour})

    endpoint = LIST | {
        "columns": ["id", "at", "nmae"],
        "times": ["at"],
        "updated": {"filter_from": "s", "column": "upd"},
    }
    with serving(answer) as api:
        check = connector(api.url, endpoint, envelope=PLAIN).check()
    verdicts = {point.point: point.verdict for point in check.points}
    assert verdicts == {"endpoint": "ok", "rows": "warn", "columns": "warn", "updated": "bad", "clock": "warn"}
    assert not check.ok
    assert "nmae" in next(point for point in check.points if point.point == "columns").sentence["en"]


def test_a_placeholder_without_a_value_is_named() -> None:
    with serving(lambda asked: Answer({})) as api, pytest.raises(Problem) as caught:
        read(connector(api.url, LIST | {"query": {"org": "{organisation}"}}, envelope=PLAIN))
    assert caught.value.code == "mes_placeholder_unknown"
    assert "{organisation}" in caught.value.text("zh")
