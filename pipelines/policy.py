"""Policy that cuts across all assets: owners, freshness, retries. Applied once, by definitions.py.

Belongs here: what holds for every asset of a layer. Not here: what belongs to one asset.
"""

from __future__ import annotations

from datetime import timedelta

import dagster as dg

from hub.landing.dataset import UPLOADS
from pipelines.keys import DEPARTMENT_TAG, SYSTEM_TAG, layer

TIMEZONE = "Asia/Shanghai"
NIGHTLY = "0 2 * * *"

# Two more tries for what may pass by itself (failures.py says what does), 10 s and 20 s later.
RETRIES = dg.RetryPolicy(max_retries=2, delay=10, backoff=dg.Backoff.EXPONENTIAL, jitter=dg.Jitter.PLUS_MINUS)

# Everybody finds last night's data at 06:00; a sync by hand at any later time is as good.
_BY_SIX = dg.FreshnessPolicy.cron(deadline_cron="0 6 * * *", lower_bound_delta=timedelta(hours=5), timezone=TIMEZONE)


def apply_policy(spec: dg.AssetSpec) -> dg.AssetSpec:
    """The same asset with its layer as group, its department as owner and its freshness promise."""
    department = spec.tags.get(DEPARTMENT_TAG, "it")
    on_schedule = spec.tags.get(SYSTEM_TAG) != UPLOADS  # people upload when they like
    return spec.replace_attributes(
        owners=[f"team:{department}"],
        freshness_policy=_BY_SIX if on_schedule else None,
        group_name=layer(spec.key),
    )
