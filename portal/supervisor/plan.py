"""What runs: the list of children with their commands, ports and order.

Belongs here: which processes there are. Not here: starting or watching them.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from hub.settings import PROJECT
from portal.supervisor.child import Child, choose_port

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class Ports:
    """Preferred ports; where one is taken, a free one is used instead and recorded in run.json."""

    portal: int = 8040
    dagster: int = 8041
    code: int = 8042
    mes: int = 8043


def plan(
    environment: Mapping[str, str],
    home: Path,
    host: str = LOOPBACK,
    ports: Ports | None = None,
    demo: Path | None = None,
) -> list[Child]:
    """Children in starting order. `demo`: folder of the demo factory, whose MES server runs first."""
    wanted, taken = ports or Ports(), set[int]()
    code, dagster, portal = (choose_port(port, taken) for port in (wanted.code, wanted.dagster, wanted.portal))
    shown = LOOPBACK if host in ("0.0.0.0", "::") else host  # noqa: S104  # compared, not bound
    portal_url = f"http://{shown}:{portal}"
    workspace = _write_workspace(home, code)
    common = {**environment, "WATERWORKS_PORTAL_URL": portal_url}
    servers = []
    if demo is not None:
        servers.append(mes_server(environment, home, demo, choose_port(wanted.mes, taken)))
        common["WATERWORKS_MES_URL"] = str(servers[0].url)
    scripts = Path(sys.executable).parent

    def child(name: str, command: list[str], **more: object) -> Child:
        return Child(name, command, common, PROJECT, home / "logs" / f"{name}.log", **more)  # type: ignore[arg-type]

    python = sys.executable
    children = [
        child(
            "code",
            [python, "-m", "dagster", "api", "grpc", "-m", "pipelines.definitions", "-h", LOOPBACK, "-p", str(code)],
            port=code,
        ),
        child(
            "portal",
            [python, "-m", "uvicorn", "portal.web.app:app", "--host", host, "--port", str(portal),
             "--no-server-header"],
            port=portal,
            url=portal_url,
        ),
        child("worker", [python, "-m", "portal.worker"]),
        child(
            "dagster",
            [python, "-m", "dagster_webserver", "-h", LOOPBACK, "-p", str(dagster), "-w", str(workspace),
             "--read-only"],
            port=dagster,
            url=f"http://{LOOPBACK}:{dagster}",
            after=("code",),
        ),
        child("daemon", [str(scripts / "dagster-daemon"), "run", "-w", str(workspace)], after=("code",)),
    ]  # fmt: skip
    return servers + children


def mes_server(environment: Mapping[str, str], home: Path, demo: Path, port: int) -> Child:
    """The demo factory's MES, with the credentials that the environment gives to the connector."""
    command = [
        sys.executable, "-m", "examples.demo_factory", "mes", "--db", str(demo / "mes.db"), "--host", LOOPBACK,
        "--port", str(port), "--app-key", environment["WATERWORKS_MES_APP_KEY"],
        "--app-secret", environment["WATERWORKS_MES_APP_SECRET"], "--factory", environment["WATERWORKS_MES_FACTORY"],
    ]  # fmt: skip
    log = home / "logs" / "mes.log"
    return Child("mes", command, environment, PROJECT, log, port=port, url=f"http://{LOOPBACK}:{port}")


def _write_workspace(home: Path, port: int) -> Path:
    """The workspace file of Dagster's daemon and web server: one shared code server. JSON is YAML."""
    path = home / "workspace.yaml"
    server = {"host": LOOPBACK, "port": port, "location_name": "waterworks"}
    path.write_text(json.dumps({"load_from": [{"grpc_server": server}]}, indent=1) + "\n")
    return path
