"""Who may do what: every route x role, form tokens, Host and Origin, headers, cookies, log-in limit."""

from __future__ import annotations

import http.client
import re
from collections.abc import Iterator
from contextlib import closing

import httpx
import pytest
from fastapi.routing import APIRoute

from portal.web import access
from portal.web.app import app
from tests.portal.web import world
from tests.portal.web.conftest import Portal

pytestmark = pytest.mark.servers

PLACES = {"rule": "material.unit_readable", "finding_id": "1", "upload_id": "999999", "name": "nothing",
          "system": "nothing", "path": "nothing.html",
          "alert_id": "999999", "remembered_id": "999999", "correction_id": "999999",
          "dataset": "no.thing"}  # fmt: skip


def address(path: str) -> str:
    return re.sub(r"\{(\w+)(:path)?\}", lambda match: PLACES[match[1]], path)


def routes() -> list[tuple[str, str]]:
    found = []
    for route in app.routes:
        if isinstance(route, APIRoute):
            found += [(method, route.path) for method in route.methods or ()]
        elif hasattr(route, "original_router"):
            found += [(method, item.path) for item in route.original_router.routes for method in item.methods]
    return found


def client(portal: Portal, role: str | None) -> httpx.Client:
    made = httpx.Client(base_url=portal.url, follow_redirects=False, timeout=30)
    if role:
        form = made.get("/log-in")
        token = re.search(r'name="csrf" value="([^"]+)"', form.text)
        assert token
        answer = made.post("/log-in", data={"csrf": token[1], "login": role, "password": world.PASSWORD})
        assert answer.status_code == 303, answer.text
        made.headers["X-CSRF-Token"] = csrf(made)
    return made


def csrf(made: httpx.Client) -> str:
    token = re.search(r'data-csrf="([^"]+)"', made.get("/").text)
    assert token
    return token[1]


@pytest.fixture(scope="module")
def clients(portal: Portal) -> Iterator[dict[str, httpx.Client]]:
    made = {role: client(portal, role if role != "anonymous" else None) for role in access.ANYONE}
    yield made
    for each in made.values():
        each.close()


def test_every_route_is_in_the_table() -> None:
    assert len(routes()) > 25
    assert set(routes()) == set(access.ROUTES) | access.SIGNED_BODIES


@pytest.mark.parametrize(("method", "path"), sorted(access.ROUTES))
def test_role_x_route(clients: dict[str, httpx.Client], method: str, path: str) -> None:
    if path == "/log-out":
        return  # ends the shared session; has its own test
    for role, made in clients.items():
        answer = made.request(method, address(path), content=b"" if method != "GET" else None, params={"name": "x.exe"})
        allowed = role in access.ROUTES[(method, path)]
        if not allowed and role == "anonymous":
            assert answer.status_code in (303, 401), (role, answer.status_code)
            assert answer.status_code == 401 or answer.headers["location"].startswith("/log-in")
        elif not allowed:
            assert answer.status_code == 403, (role, answer.status_code)
        else:
            assert answer.status_code < 500, (role, answer.text[:400])
            if role != "anonymous":
                assert answer.status_code not in (401, 403), (role, answer.text[:400])


@pytest.mark.parametrize(("method", "path"), sorted(key for key in access.ROUTES if key[0] != "GET"))
def test_a_write_without_its_token_is_refused(
    portal: Portal, clients: dict[str, httpx.Client], method: str, path: str
) -> None:
    made = clients["it"]
    for token in ("", "wrong", "é"):
        answer = made.request(
            method, address(path), headers={b"X-CSRF-Token": token.encode()}, params={"name": "a.xlsx"}
        )
        assert answer.status_code == 403
    assert made.get("/").status_code == 200  # still signed in


def test_foreign_origin_and_host_are_refused(clients: dict[str, httpx.Client]) -> None:
    made = clients["it"]
    assert made.post("/language", headers={"Origin": "http://evil.example"}, data={"to": "zh"}).status_code == 403
    assert made.post("/language", headers={"Sec-Fetch-Site": "cross-site"}, data={"to": "zh"}).status_code == 403
    assert made.get("/", headers={"Host": "evil.example"}).status_code == 403


def test_headers_and_cookies(portal: Portal) -> None:
    with closing(client(portal, None)) as made:
        answer = made.get("/log-in")
        policy = answer.headers["content-security-policy"]
        assert "default-src 'self'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"
        for cookie in answer.headers.get_list("set-cookie"):
            assert "HttpOnly" in cookie
            assert "samesite=strict" in cookie.lower()


def test_log_in_starts_a_fresh_session_and_log_out_ends_it(portal: Portal) -> None:
    with closing(client(portal, None)) as made:
        made.cookies.set("waterworks_session", "planted")
        token = re.search(r'name="csrf" value="([^"]+)"', made.get("/log-in").text)
        assert token
        form = {"csrf": token[1], "login": "coach", "password": world.PASSWORD, "next": "//evil.example/"}
        answer = made.post("/log-in", data=form)
        assert answer.headers["location"] == "/"
        session = answer.cookies["waterworks_session"]
        assert session != "planted"
        assert portal.sql("select count(*) from ops.user_session where id_sha256 = %s", session)[0][0] == 0
        made.cookies.clear()
        made.cookies.set("waterworks_session", session)
        assert made.post("/log-out", headers={"X-CSRF-Token": csrf(made)}).status_code == 303
        made.cookies.set("waterworks_session", session)
        assert made.get("/").status_code == 303


def test_an_idle_or_old_session_has_ended(portal: Portal) -> None:
    for column, age in (("seen_at", "31 minutes"), ("created_at", "13 hours")):
        with closing(client(portal, "coach")) as made:
            assert made.get("/quality").status_code == 200
            portal.sql(
                f"update ops.user_session set {column} = now() - %s::interval where created_at ="
                " (select max(created_at) from ops.user_session where login = 'coach')",
                age,
            )
            assert made.get("/quality").status_code == 303


def test_too_many_wrong_passwords(portal: Portal) -> None:
    with closing(client(portal, None)) as made:
        token = re.search(r'name="csrf" value="([^"]+)"', made.get("/log-in").text)
        assert token
        form = {"csrf": token[1], "login": "nobody", "password": "guess"}
        codes = [made.post("/log-in", data=form).status_code for _ in range(6)]
    assert codes == [401] * 5 + [429]
    portal.sql("delete from ops.audit where action = 'log_in_failed'")


def test_every_write_leaves_an_audit_line(portal: Portal) -> None:
    before = portal.sql("select coalesce(max(id), 0) from ops.audit")[0][0]
    with closing(client(portal, "business")) as made:
        made.post("/language", data={"to": "zh"})
    actions = [row[0] for row in portal.sql("select action from ops.audit where id > %s order by id", before)]
    assert actions == ["log_in", "language"]


def test_uploads_that_are_refused_leave_no_file(portal: Portal, clients: dict[str, httpx.Client]) -> None:
    made, folder = clients["business"], portal.home / "uploads"
    before = sorted(folder.iterdir())
    assert made.put("/uploads", params={"name": "a.exe"}, content=b"MZ").status_code == 400
    assert made.put("/uploads", params={"name": "a.xlsx"}, content=b"").status_code == 400
    assert "problem" in made.put("/uploads", params={"name": "../../etc/passwd"}, content=b"x").json()
    assert _announce(portal, made, 201 * 1_048_576) == 413
    assert sorted(folder.iterdir()) == before


def _announce(portal: Portal, made: httpx.Client, size: int) -> int:
    """The answer to a PUT that only announces so many bytes."""
    wire = http.client.HTTPConnection(portal.url.removeprefix("http://"), timeout=30)
    wire.putrequest("PUT", "/uploads?name=a.xlsx")
    wire.putheader("Content-Length", str(size))
    wire.putheader("Cookie", "; ".join(f"{name}={value}" for name, value in made.cookies.items()))
    wire.putheader("X-CSRF-Token", made.headers["X-CSRF-Token"])
    wire.endheaders()
    status = wire.getresponse().status
    wire.close()
    return status
