"""Whether a person asked for a sync now, whatever hours the ERP's configuration allows.

Belongs here: the name that carries the wish from the command line to the run. Not here: the hours themselves.
"""

from __future__ import annotations

import os

OUTSIDE_HOURS = "WATERWORKS_OUTSIDE_HOURS"


def asked_outside_hours() -> bool:
    """True in a run that `waterworks sync --outside-hours` started."""
    return os.environ.get(OUTSIDE_HOURS) == "1"
