"""Problems told to Dagster: one sentence in both languages, retried only when waiting can help.

Belongs here: turning exceptions of hub and connectors into Dagster failures. Not here: the sentences.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg
import psycopg

from schemas.problems import Problem

# A wrong password stays wrong and a second try may lock the account; a server that is restarting comes back.
PASSING_ENDINGS = ("_unreachable", "_timeout", "_busy", "_rate_limited")


def is_passing(problem: Problem) -> bool:
    """True if the same call may succeed a little later without anybody doing anything."""
    return problem.code.endswith(PASSING_ENDINGS)


def failure(problem: Problem) -> dg.Failure:
    """The Dagster failure whose text is the problem's sentence, Chinese first."""
    return dg.Failure(
        description=f"{problem.text('zh')}\n{problem.text('en')}",
        metadata={"problem": dg.MetadataValue.json(problem.as_json())},
        allow_retries=is_passing(problem),
    )


@contextmanager
def told_to_dagster() -> Iterator[None]:
    """Raise Problems of the block as `dg.Failure`; a lost store connection counts as passing."""
    try:
        yield
    except Problem as problem:
        raise failure(problem) from problem
    except psycopg.OperationalError as error:
        raise dg.Failure(description=str(error).strip(), allow_retries=True) from error
