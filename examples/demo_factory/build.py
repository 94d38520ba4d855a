"""Builds the whole world into one folder, once.

Belongs here: order of work, idempotence, progress lines. Does not belong here: content.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path

from examples.demo_factory.erp import Erp
from examples.demo_factory.erp_tables import ServerSink, SqliteSink
from examples.demo_factory.mes_data import fill_mes
from examples.demo_factory.truth import Truth
from examples.demo_factory.workbooks import write_workbooks
from examples.demo_factory.world import GENERATOR_VERSION, make_world
from schemas.problems import Problem

ERP, MES, WORKBOOKS, TRUTH, STAMP = "k3.db", "mes.db", "workbooks", "truth.jsonl", "world.json"


@dataclass
class Built:
    """What stands in the folder. `fresh` is False when it was there already and nothing was touched."""

    seed: int
    scale: float
    version: str
    erp: str  # "k3.db", or the URL of the database server without its password
    complete: bool = False
    rows: dict[str, int] = field(default_factory=dict)  # per table, sheet or list
    planted: dict[str, int] = field(default_factory=dict)  # per kind of error
    fresh: bool = True

    def same_world(self, other: Built) -> bool:
        names = ("seed", "scale", "version", "erp")
        return all(getattr(self, name) == getattr(other, name) for name in names)


def say(text: str) -> None:
    """A line of progress; stdout is kept for results."""
    print(text, file=sys.stderr, flush=True)


def build(out: Path, seed: int = 7, scale: float = 1, erp_url: str | None = None) -> Built:
    """Build the world in `out`, or leave the one that is already there untouched.

    Raises Problem `demo_folder_taken` if `out` holds such files that this command did not write, and
    `demo_erp_not_empty` if the database at `erp_url` already has such tables.
    """
    wanted = Built(seed, scale, GENERATOR_VERSION, _without_password(erp_url) if erp_url else ERP)
    present = stamp(out)
    if present is not None and present.complete and present.same_world(wanted):
        say(f"{out} already holds this world (seed {seed}, scale {scale:g}); left untouched.")
        present.fresh = False
        return present
    _clear(out, present)
    _write_stamp(out, wanted)
    say(f"Building the demo factory in {out} (seed {seed}, scale {scale:g}) ...")
    world = make_world(seed, scale)
    rows: Counter[str] = Counter()
    with (out / TRUTH).open("w", encoding="utf-8") as file:
        truth = Truth(file)
        ours = present is not None and present.erp == wanted.erp
        sink = ServerSink(erp_url, replace=ours) if erp_url else SqliteSink(out / ERP)
        for table, count in Erp(world, sink, truth).fill():
            rows[f"k3.{table}"] = count
            say(f"  ERP        {table:<14} {count:>9,} rows")
        sink.close()
        for name, count in write_workbooks(world, out / WORKBOOKS, truth):
            rows[f"workbooks.{name}"] += count
            say(f"  workbooks  {name:<20} {count:>9,} rows")
        for table, count in fill_mes(world, out / MES, truth):
            rows[f"mes.{table}"] = count
            say(f"  MES        {table:<18} {count:>9,} rows")
    wanted.rows, wanted.planted, wanted.complete = dict(rows), dict(sorted(truth.counts.items())), True
    _write_stamp(out, wanted)
    say(f"Done: {sum(rows.values()):,} rows, {sum(truth.counts.values()):,} planted errors.")
    return wanted


def _without_password(url: str) -> str:
    from sqlalchemy import make_url

    return make_url(url).render_as_string(hide_password=True)


def stamp(out: Path) -> Built | None:
    """What was built in a folder; None if nothing was. `complete` is False while it is being built."""
    path = out / STAMP
    return Built(**json.loads(path.read_text(encoding="utf-8"))) if path.exists() else None


def _write_stamp(out: Path, built: Built) -> None:
    text = json.dumps(asdict(built), ensure_ascii=False, indent=1)
    temporary = out / f"{STAMP}.new"
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(out / STAMP)


def _clear(out: Path, present: Built | None) -> None:
    """Remove another or half-built world of ours; never files that we did not write."""
    ours = [out / name for name in (ERP, MES, WORKBOOKS, TRUTH)]
    there = [path for path in ours if path.exists()]
    if there and present is None:
        raise Problem("demo_folder_taken", folder=str(out), name=there[0].name)
    for path in there:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
    out.mkdir(parents=True, exist_ok=True)
