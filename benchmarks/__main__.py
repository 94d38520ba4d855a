"""`python -m benchmarks [NAME ...] [--rows N] [--out FOLDER]`: run, compare, keep the figures."""

from __future__ import annotations

import argparse
import importlib
import sys
from pathlib import Path

from benchmarks import report

NAMES = ("erp", "mariadb", "many", "workbook", "rules", "cleansing", "docs")
FOLDER = Path(__file__).resolve().parent.parent / ".waterworks" / "benchmarks"


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description="Ours beside the limit and what people use today."
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"which to run: {', '.join(NAMES)}; none: all")
    parser.add_argument("--rows", type=int, help="rows instead of each benchmark's own size")
    parser.add_argument("--out", type=Path, default=FOLDER, help="folder for results.json and results.md")
    options = parser.parse_args(arguments)
    if unknown := [name for name in options.names if name not in NAMES]:
        parser.error(f"unknown benchmark {unknown[0]}: choose from {', '.join(NAMES)}")
    done = []
    for name in options.names or NAMES:
        print(f"{name} ...", file=sys.stderr, flush=True)
        run = importlib.import_module(f"benchmarks.{name}").run
        done.append(run(options.rows) if options.rows else run())
        print(report.text(done[-1]), end="\n\n", flush=True)
    print(f"{report.machine()}\nResults: {report.save(done, options.out)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
