"""Decisions applied at once: the rows of the store judged again, and everything that follows from them.

Belongs here: that one call. Not here: its steps (hub/publish.py); without it, they run shortly after a decision
(pipelines/decisions.py) and after the next sync.
"""

from __future__ import annotations

from uuid import uuid4


def apply_now() -> str:
    """Run the steps of publish but for the Data Docs, which take longest and change least; returns the run's id."""
    from hub.publish import STEPS, write_data_docs

    run_id = f"decisions-{uuid4()}"
    for step in STEPS:
        if step is not write_data_docs:
            step(run_id)
    return run_id
