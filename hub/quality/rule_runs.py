"""Row rules that gave no result for the rows of a dataset: unknown until all its rows are judged again.

Belongs here: remembering them in quality.rule_run. Not here: what stops a rule (`engine.py`), rules over several
rows, which note how they went themselves (`set_rules.py`).
"""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from hub.quality.engine import Run

_NOTE = """
insert into quality.rule_run (rule, dataset, ran_at, load_id, milliseconds, problem)
values (%s, %s, clock_timestamp(), %s, 0, %s)
on conflict (rule, dataset) do update set
  ran_at = excluded.ran_at, load_id = excluded.load_id, problem = excluded.problem"""


def note_broken(connection: psycopg.Connection[Any], dataset: str, load_id: int, run: Run, whole: bool) -> None:
    """Write down which rules this load could not decide, in the caller's transaction.

    whole: the load judged all rows of the dataset, so what could not be decided before it is forgotten. Otherwise
    rows of an earlier load may still be undecided, even if the rule could run this time.
    """
    if whole:
        connection.execute("delete from quality.rule_run where dataset = %s", [dataset])
    for rule, problem in run.broken.items():
        connection.execute(_NOTE, [rule, dataset, load_id, Jsonb(problem.as_json())])
