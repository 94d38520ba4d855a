"""Sync status for IT: last loads, connection checks, files seen, the data docs."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as NoAnswer
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, RedirectResponse, Response

from connectors.base import Check
from connectors.config import SystemConfig, open_connector, read_systems
from hub import alerts
from hub.landing import drift
from hub.settings import home, settings
from hub.store.engine import connect
from portal.web import names
from portal.web.access import Me
from portal.web.queries import sync
from portal.web.render import page
from portal.web.store import Store, audit
from schemas.model import Text
from schemas.problems import Problem

router = APIRouter()
_CHECK_SECONDS = 20
_checks = ThreadPoolExecutor(max_workers=4, thread_name_prefix="connection-check")


@router.get("/sync")
def status(request: Request, connection: Store) -> Response:
    """One line per source object, grouped by source system."""
    loads = {row["dataset"]: row for row in sync.last_loads(connection)}
    systems, problems = read_systems()
    groups = [
        {
            "system": name,
            "check": True,
            "lines": [
                {"dataset": f"{name}.{item}", "load": loads.pop(f"{name}.{item}", None)} for item in config.objects
            ],
        }
        for name, config in systems.items()
    ]
    left = sorted(loads)
    for name in dict.fromkeys(dataset.partition(".")[0] for dataset in left):
        lines = [{"dataset": item, "load": loads[item]} for item in left if item.startswith(f"{name}.")]
        groups.append({"system": name, "check": False, "lines": lines})
    return page(
        request,
        "sync",
        groups=groups,
        checks=sync.checks(connection),
        alerts=sync.open_alerts(connection),
        changes=sync.schema_changes(connection),
        dagster=service_url("dagster"),
        config_problems=[problem.as_json() for problem in problems],
        has_docs=(settings().data_docs / "index.html").is_file(),
    )


@router.get("/sync/files")
def files(request: Request, connection: Store, status: Annotated[str | None, Query(max_length=50)] = None) -> Response:
    """Every file seen in the watched folders and what became of it."""
    return page(request, "sync_files", files=sync.files(connection, status or None), chosen=status or "")


@router.post("/sync/{system}/check")
def check(request: Request, user: Me, system: str) -> Response:
    """Ask the source now, and keep its plain answer."""
    config = names.systems().get(system)
    if config is None:
        raise HTTPException(404)
    found = check_connection(config)
    with connect() as connection:
        sync.store_check(connection, found)
        audit(connection, user.login, "check_connection", system, ok=found.ok)
        row = sync.checks(connection)[system]
    if request.headers.get("hx-request"):
        return page(request, "sync_check", check=row, system=system)
    return RedirectResponse("/sync", 303)


@router.post("/sync/alerts/{alert_id}/seen")
def alert_seen(connection: Store, user: Me, alert_id: int) -> Response:
    """Somebody has taken note of an alert."""
    if alerts.mark_seen(connection, alert_id, user.login):
        audit(connection, user.login, "alert_seen", str(alert_id))
    return RedirectResponse("/sync", 303)


@router.post("/sync/{dataset}/accept-schema")
def accept_schema(connection: Store, user: Me, dataset: str) -> Response:
    """Read on with the changed tables of a source from the next sync."""
    accepted = drift.accept(connection, dataset, user.login)
    if accepted == 0:
        raise HTTPException(404)
    audit(connection, user.login, "accept_schema", dataset, changes=accepted)
    return RedirectResponse("/sync#schema", 303)


@router.get("/data-docs/{path:path}")
def data_docs(path: str) -> Response:
    """The Great Expectations pages as they were rendered."""
    root = settings().data_docs.resolve()
    target = (root / path).resolve()
    if target.is_dir():
        target = target / "index.html"
    if not target.is_relative_to(root) or not target.is_file():
        raise HTTPException(404)
    return FileResponse(target)


def check_connection(config: SystemConfig) -> Check:
    """The connector's own answer; a sentence as well when it fails or does not answer in time."""
    task = _checks.submit(lambda: open_connector(config).check())
    try:
        return task.result(_CHECK_SECONDS)
    except NoAnswer:
        problem = Problem("check_no_answer", system=config.system, seconds=_CHECK_SECONDS)
    except Problem as raised:
        problem = raised
    return Check(config.system, False, Text(zh=problem.text("zh"), en=problem.text("en")))


def service_url(name: str) -> str | None:
    """Where a supervised service answers, from the supervisor's run.json; None while nothing runs."""
    try:
        state = json.loads((home() / "run.json").read_text(encoding="utf-8"))
        url = state["services"][name]["url"]
    except (FileNotFoundError, KeyError, ValueError):
        return None
    return str(url).rstrip("/")
