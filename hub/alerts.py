"""Alerts: what a person should know without looking for it, kept in the store and sent where asked.

Belongs here: raising, settling and sending alerts. Not here: what is worth an alert (the caller knows),
showing them (portal). One open alert per dataset and kind: what happens again is counted, not repeated.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, Literal

import psycopg
from psycopg.types.json import Jsonb

from schemas.problems import Language, Problem

# A group robot of WeCom (企业微信) or DingTalk (钉钉), or any service that takes JSON.
URL = "WATERWORKS_ALERT_URL"
FORMAT = "WATERWORKS_ALERT_FORMAT"  # wecom, dingtalk, json (default)
_SECONDS = 5

Severity = Literal["warn", "error"]


def raise_alert(
    connection: psycopg.Connection[Any], system: str, dataset: str | None, severity: Severity, problem: Problem
) -> None:
    """Put an alert on record, or count it if the same one is still open."""
    with connection.transaction():
        again = connection.execute(
            "update ops.alert set times = times + 1, last_raised_at = now(), problem = %(problem)s,"
            " severity = %(severity)s where system = %(system)s and dataset is not distinct from %(dataset)s"
            " and problem->>'code' = %(code)s and seen_at is null",
            _facts(system, dataset, severity, problem),
        )
        if again.rowcount == 0:
            connection.execute(
                "insert into ops.alert (system, dataset, severity, problem)"
                " values (%(system)s, %(dataset)s, %(severity)s, %(problem)s)",
                _facts(system, dataset, severity, problem),
            )


def settle(connection: psycopg.Connection[Any], dataset: str) -> None:
    """Close the open alerts of a dataset that is well again."""
    connection.execute(
        "update ops.alert set seen_at = now(), seen_by = null where dataset = %s and seen_at is null", (dataset,)
    )


def mark_seen(connection: psycopg.Connection[Any], alert_id: int, by: str) -> bool:
    """A person has taken note, of every dataset the same sentence stands for; False if there is no such open alert."""
    done = connection.execute(
        "update ops.alert a set seen_at = now(), seen_by = %s from ops.alert shown where shown.id = %s"
        " and shown.seen_at is null and a.seen_at is null and a.system = shown.system"
        " and a.severity = shown.severity and a.problem = shown.problem",
        (by, alert_id),
    )
    return done.rowcount > 0


def send_waiting(connection: psycopg.Connection[Any], environment: Mapping[str, str] = os.environ) -> int:
    """Send every alert not sent yet to WATERWORKS_ALERT_URL; returns how many got through.

    Without the variable nothing is sent and nothing is wrong. A service that does not answer is
    written down with the alert, which is sent again next time.
    """
    url = environment.get(URL, "").strip()
    if not url:
        return 0
    import requests

    sent = 0
    waiting = connection.execute(
        "select id, problem, severity from ops.alert where sent_at is null and seen_at is null order by id limit 20"
    ).fetchall()
    for alert_id, stored, severity in waiting:
        problem = Problem(stored["code"], **stored["params"])
        body = message(problem, severity, environment.get(FORMAT, "json"))
        try:
            requests.post(url, json=body, timeout=_SECONDS).raise_for_status()
        except requests.RequestException as error:
            # The address may carry a secret token, and requests repeats it in its messages.
            connection.execute("update ops.alert set send_problem = %s where id = %s", (type(error).__name__, alert_id))
            connection.commit()
            break
        connection.execute("update ops.alert set sent_at = now(), send_problem = null where id = %s", (alert_id,))
        connection.commit()
        sent += 1
    return sent


def message(problem: Problem, severity: str, form: str) -> dict[str, Any]:
    """The body of a request to a group robot, Chinese first; any other `form`: plain facts."""
    text = f"{problem.text('zh')}\n{problem.text('en')}"
    if form == "wecom":
        return {"msgtype": "markdown", "markdown": {"content": f"**Waterworks**\n{text}"}}
    if form == "dingtalk":
        return {"msgtype": "markdown", "markdown": {"title": "Waterworks", "text": f"**Waterworks**\n\n{text}"}}
    languages: tuple[Language, ...] = ("zh", "en")
    return {"severity": severity, **problem.as_json(), **{name: problem.text(name) for name in languages}}


def _facts(system: str, dataset: str | None, severity: str, problem: Problem) -> dict[str, Any]:
    return {
        "system": system, "dataset": dataset, "severity": severity, "problem": Jsonb(problem.as_json()),
        "code": problem.code,
    }  # fmt: skip
