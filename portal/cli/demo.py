"""`waterworks demo`: the whole factory on this machine: build, sync, summary, portal."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import typer

from portal.cli.exits import PARTLY, told
from portal.cli.options import DEFAULT, Lang
from portal.cli.wording import help_text, text
from schemas.problems import Language, Problem

# login, name (zh, en), role, department. The demo listens on this machine only, so its log-ins may be known.
USERS = (
    ("it", ("王工", "Wang (IT)"), "it", "it"),
    ("coach", ("李教练", "Li (coach)"), "coach", "it"),
    ("business", ("张敏", "Zhang (sales)"), "business", "sales"),
)


def demo(
    scale: Annotated[float, typer.Option("--scale", help=help_text("scale"), min=0.1, max=1000)] = 1,
    serve: Annotated[bool, typer.Option("--serve/--no-serve", help=help_text("no_serve"))] = True,
    port: Annotated[int | None, typer.Option("--port", help=help_text("port"), min=1, max=65535)] = None,
    lang: Lang = DEFAULT,
) -> None:
    with told(lang):
        from hub.settings import home
        from portal.cli.init import create_store
        from portal.cli.up import serve as run_services
        from portal.cli.up import show_running
        from portal.supervisor import run_file
        from portal.supervisor.claim import claimed
        from portal.supervisor.environment import make_folder
        from portal.supervisor.stop import stop_run
        from portal.supervisor.store import store_in_use

        make_folder(home())
        running = run_file.running(home())
        if running is None:
            stop_run(home())  # what a killed supervisor left behind
        with nullcontext(running) if running is not None else claimed(home()) as run:
            create_store(home(), None, lang)
            _build_factory(home() / "demo", scale, lang)
            with store_in_use(home()) as server:
                well = _sync_all(home(), lang)
                if running is not None:
                    show_running(running, lang)
                elif serve:
                    run_services(home(), run, server, port, "127.0.0.1", lang, prepared=True)
        if running is None:
            typer.echo(text(lang, "down.stopped"))
        if not well:
            raise typer.Exit(PARTLY)


def _sync_all(home: Path, lang: Language) -> bool:
    """Tables, log-ins, all sources, summary; True if everything went well. The store must be in use."""
    from portal.cli.init import prepare_store
    from portal.cli.sync import demo_mes, sync_now

    prepare_store(lang)
    passwords = _log_ins(home / "demo", lang)
    with demo_mes(home) as more:
        well = sync_now(home, [], lang, more)
    _show_log_ins(passwords, lang)
    return well


def _build_factory(folder: Path, scale: float, lang: Language) -> None:
    """Build the demo's ERP, workbooks and MES data (or find them built), and write where they are."""
    from hub.settings import PROJECT, load_environment
    from portal.cli.up import DEMO_FOLDER
    from portal.supervisor.environment import make_folder, write_environment

    make_folder(folder)
    command = [sys.executable, "-m", "examples.demo_factory", "build", "--out", str(folder), "--scale", f"{scale:g}"]
    done = subprocess.run(command, cwd=PROJECT, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
    if done.returncode:
        raise Problem("demo_not_built", folder=str(folder))
    load_environment()
    values = {
        DEMO_FOLDER: str(folder),
        "WATERWORKS_K3_URL": f"sqlite:///{folder / 'k3.db'}",
        "WATERWORKS_WORKBOOKS_DIR": str(folder / "workbooks"),
        "WATERWORKS_MES_URL": "http://127.0.0.1:8043",  # the port may differ; who starts the server says so
        "WATERWORKS_MES_APP_KEY": "demo-hub",
        "WATERWORKS_MES_APP_SECRET": os.environ.get("WATERWORKS_MES_APP_SECRET") or secrets.token_hex(16),
        "WATERWORKS_MES_FACTORY": "F001",
    }
    write_environment(values)
    os.environ.update(values)
    typer.echo(text(lang, "demo.built", folder=folder))


def _log_ins(folder: Path, lang: Language) -> dict[str, str]:
    """Three log-ins with passwords made once per demo; {login: password}."""
    import json

    from hub.store.engine import connect
    from portal.users import ensure_user

    kept = folder / "log-ins.json"
    passwords = json.loads(kept.read_text()) if kept.exists() else {}
    for login, *_ in USERS:
        passwords.setdefault(login, f"{login}-{secrets.token_hex(3)}")
    kept.touch(mode=0o600)
    kept.write_text(json.dumps(passwords))
    with connect() as connection:
        for login, names, role, department in USERS:
            ensure_user(connection, login, names[0 if lang == "zh" else 1], role, department, passwords[login])
    return passwords


def _show_log_ins(passwords: dict[str, str], lang: Language) -> None:
    typer.echo("")
    typer.secho(text(lang, "demo.log_ins"), bold=True)
    for login, _, role, _ in USERS:
        typer.echo(f"  {login:<10} {passwords[login]:<18} {text(lang, f'demo.{role}')}")
