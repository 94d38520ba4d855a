"""Command line of the demo factory: build, mes, touch, score.

Belongs here: arguments and exit codes. Does not belong here: any work. Results go to stdout, progress
to stderr. Exit codes: 0 done, 1 scored and a goal is missed, 2 wrong arguments, 3 something a person can mend
(said in one sentence).
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

from schemas.problems import Problem


def main(argv: list[str] | None = None) -> int:
    arguments = _parser().parse_args(argv)
    try:
        return arguments.run(arguments)
    except Problem as problem:
        print(problem.text("en"), file=sys.stderr)
        print(problem.text("zh"), file=sys.stderr)
        return 3


def _build(arguments: argparse.Namespace) -> int:
    from examples.demo_factory.build import build

    built = build(arguments.out, arguments.seed, arguments.scale, arguments.erp_url)
    print(json.dumps(asdict(built), ensure_ascii=False))
    return 0


def _mes(arguments: argparse.Namespace) -> int:
    from examples.demo_factory.mes_server import Credentials, serve

    credentials = Credentials(arguments.app_key, arguments.app_secret, arguments.factory)
    serve(
        arguments.db, arguments.host, arguments.port, credentials, arguments.token_seconds, arguments.rate,
        arguments.port_file, arguments.faults,
    )  # fmt: skip
    return 0


def _touch(arguments: argparse.Namespace) -> int:
    from examples.demo_factory.touch import touch

    for change in touch(arguments.out, arguments.erp_url):
        print(change)
    return 0


def _score(arguments: argparse.Namespace) -> int:
    from examples.demo_factory.goals import missed
    from examples.demo_factory.score import score
    from examples.demo_factory.score_report import as_json, as_table
    from hub.settings import home
    from portal.supervisor.store import store_in_use

    with store_in_use(home()):
        result = score(arguments.out)
    print(as_json(result) if arguments.json else as_table(result))
    return 1 if missed(result) else 0


def _parser() -> argparse.ArgumentParser:
    from examples.demo_factory.mes_server import DEMO

    parser = argparse.ArgumentParser(prog="python -m examples.demo_factory", description="A made-up factory with dirt.")
    commands = parser.add_subparsers(required=True)

    build = commands.add_parser("build", help="make the ERP, the workbooks, the MES data and the truth")
    build.add_argument("--out", type=Path, required=True, help="folder to build in")
    build.add_argument("--seed", type=int, default=7)
    build.add_argument("--scale", type=float, default=1, help="1 is about 20,000 rows, 100 about 2 million")
    build.add_argument("--erp-url", help="SQLAlchemy URL of an empty database to fill instead of k3.db")
    build.set_defaults(run=_build)

    mes = commands.add_parser("mes", help="serve mes.db as a MES REST API until stopped")
    mes.add_argument("--db", type=Path, required=True)
    mes.add_argument("--host", default="127.0.0.1")
    mes.add_argument("--port", type=int, default=0, help="0 takes a free port and prints it")
    mes.add_argument("--port-file", type=Path, help="also write the port to this file")
    mes.add_argument("--app-key", default=DEMO.app_key)
    mes.add_argument("--app-secret", default=DEMO.app_secret)
    mes.add_argument("--factory", default=DEMO.factory)
    mes.add_argument("--token-seconds", type=float, default=120)
    mes.add_argument("--rate", type=float, default=50, help="requests per second before HTTP 429")
    mes.add_argument("--faults", action="store_true", help="let a test arm faults by POST /_faults")
    mes.set_defaults(run=_mes)

    touch = commands.add_parser("touch", help="change one cell, one ERP row and one MES record")
    touch.add_argument("--out", type=Path, required=True)
    touch.add_argument("--erp-url", help="the ERP's URL if it was built with --erp-url")
    touch.set_defaults(run=_touch)

    score = commands.add_parser("score", help="precision and recall of what the hub found against what was planted")
    score.add_argument("--out", type=Path, required=True)
    score.add_argument("--json", action="store_true")
    score.set_defaults(run=_score)
    return parser


if __name__ == "__main__":
    sys.exit(main())
