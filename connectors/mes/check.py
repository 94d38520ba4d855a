"""What `waterworks check` says about a MES: login, every endpoint, page size, columns, clocks.

Belongs here: looking, and the sentences. Does not belong here: reading data.
"""

from __future__ import annotations

from collections.abc import Iterator

from connectors.base import Check, CheckPoint, Verdict
from connectors.config_models import SystemConfig
from connectors.mes.client import MesClient
from connectors.mes.config import MesEndpointConfig
from connectors.mes.items import Item, Refused, Rows
from connectors.mes.lister import Lister, Span
from connectors.mes.paging import Place, SizeRefused
from schemas.model import Text
from schemas.problems import Problem

CLOCK_SECONDS = 60  # clocks further apart are worth a word: stamps and expiry times are compared with them


def look(client: MesClient, system: SystemConfig) -> Check:
    """Everything that can be found out by asking each endpoint for one page."""
    points = list(_points(client, system))
    bad = next((point for point in points if point.verdict == "bad"), None)
    if bad is not None:
        return Check(system.system, False, bad.sentence, tuple(points))
    works = _text(Problem("mes_check_ok", system=system.system, host=client.host, count=len(system.mes_endpoints)))
    return Check(system.system, True, works, tuple(points))


def _points(client: MesClient, system: SystemConfig) -> Iterator[CheckPoint]:
    if system.tls.why is not None and not system.tls.verify:
        yield _point("certificate", "warn", Problem("mes_check_not_verified", system=system.system, why=system.tls.why))
    try:
        client.log_in()
    except Problem as problem:
        yield _point("login", "bad", problem)
        return
    if system.auth is not None:
        yield _point("login", "ok", Problem("mes_check_login_ok", system=system.system, host=client.host))
    for endpoint in system.mes_endpoints.values():
        yield from _endpoint(client, system, endpoint)
    ahead = client.clock_ahead_seconds
    if ahead is not None and abs(ahead) > CLOCK_SECONDS:
        code = "mes_check_clock_ahead" if ahead > 0 else "mes_check_clock_behind"
        yield _point("clock", "warn", Problem(code, system=system.system, seconds=round(abs(ahead))))
    elif ahead is not None:
        yield _point("clock", "ok", Problem("mes_check_clock_ok", system=system.system))


def _endpoint(client: MesClient, system: SystemConfig, endpoint: MesEndpointConfig) -> Iterator[CheckPoint]:
    name, lister = endpoint.object, Lister.of(client, system, endpoint)
    asked = lister.size
    try:
        while True:
            try:
                page = lister.page(Place(size=lister.size), Span())
                break
            except SizeRefused:
                continue
    except Problem as problem:
        yield _point("endpoint", "bad", problem, name)
        return
    told = {"system": system.system, "object": name}
    answer = Problem("mes_check_endpoint_rows", **told, rows=len(page.items))
    if page.total is not None:
        answer = Problem("mes_check_endpoint_ok", **told, rows=len(page.items), total=page.total)
    yield _point("endpoint", "ok", answer, name)
    if lister.size < asked:
        yield _point("page_size", "warn", Problem("mes_check_page_size", **told, asked=asked, given=lister.size), name)
    if page.items and endpoint.detail is None:
        yield from _columns(system, endpoint, page.items)


def _columns(system: SystemConfig, endpoint: MesEndpointConfig, items: list[object]) -> Iterator[CheckPoint]:
    """Rows that are none, and columns that no item has: usually a path written wrongly."""
    rows = Rows(endpoint, system.timezone)
    read = [row for item in items for row in rows.read(item)]
    told = {"system": system.system, "object": endpoint.object}
    refused = [row for row in read if isinstance(row, Refused)]
    if refused:
        reason = Problem(refused[0].reason)
        verdict: Verdict = "bad" if len(refused) == len(read) else "warn"
        problem = Problem("mes_check_rejected", **told, count=len(refused), rows=len(read), zh=reason.text("zh"),
                          en=reason.text("en"))  # fmt: skip
        yield _point("rows", verdict, problem, endpoint.object)
    good = [row for row in read if isinstance(row, Item)]
    empty = [
        f"{column} ({path})"
        for number, (column, path) in enumerate(endpoint.columns.items())
        if good and all(row.values[number] is None for row in good)
    ]
    if empty:
        yield _point("columns", "warn", Problem("mes_check_columns", **told, columns=", ".join(empty)), endpoint.object)
    if endpoint.updated is not None and not any(row.stamp is not None for row in good) and good:
        problem = Problem("mes_check_no_stamp", **told, column=endpoint.updated.column)
        yield _point("updated", "bad", problem, endpoint.object)


def _point(point: str, verdict: Verdict, problem: Problem, name: str | None = None) -> CheckPoint:
    return CheckPoint(point, verdict, _text(problem), name)


def _text(problem: Problem) -> Text:
    return Text(problem.text("zh"), problem.text("en"))
