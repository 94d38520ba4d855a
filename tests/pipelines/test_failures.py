"""What Dagster is told when something goes wrong."""

from __future__ import annotations

import dagster as dg
import psycopg
import pytest

from pipelines.failures import told_to_dagster
from schemas.problems import Problem


def failure_of(error: Exception) -> dg.Failure:
    with pytest.raises(dg.Failure) as caught, told_to_dagster():
        raise error
    return caught.value


def test_a_problem_is_its_sentence_in_both_languages() -> None:
    problem = Problem("erp_unreachable", system="k3", host="10.0.0.5:1433", reason="timed out")
    told = failure_of(problem)
    assert told.description == f"{problem.text('zh')}\n{problem.text('en')}"


def test_only_what_may_pass_by_itself_is_tried_again() -> None:
    assert failure_of(Problem("erp_unreachable", system="k3", host="h", reason="r")).allow_retries
    assert failure_of(psycopg.OperationalError("server closed the connection")).allow_retries
    assert not failure_of(Problem("mapping_missing", dataset="k3.x")).allow_retries


def test_other_errors_are_not_dressed_up() -> None:
    with pytest.raises(ZeroDivisionError), told_to_dagster():
        raise ZeroDivisionError
