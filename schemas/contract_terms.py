"""Terms of a contract that are amounts: thresholds of rules, service levels.

Belongs here: reading them. Does not belong here: what a rule or a page makes of them.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from schemas.fields import Fields
from schemas.model import Threshold

_THRESHOLD = re.compile(r"(?P<amount>\d{1,9}(?:\.\d{1,6})?)\s*(?P<unit>%|rows?|行)?")
# ODCS asks for ISO units; both spellings of each are met.
_HOURS = {
    "min": 1 / 60, "minute": 1 / 60, "minutes": 1 / 60, "h": 1, "hour": 1, "hours": 1,
    "d": 24, "day": 24, "days": 24, "w": 168, "week": 168, "weeks": 168,
}  # fmt: skip
_MOST_OF_A_UNIT = 1_000_000
# Service levels that are lengths of time, in ODCS's own words; others are kept as they are written.
DURATIONS = ("frequency", "latency", "freshness", "retention", "timeToDetect", "timeToNotify", "timeToRepair")


def read_threshold(fields: Fields, rule_id: str) -> Threshold | None:
    """`threshold: "1 %"`, `threshold: 5` or `threshold: "5 rows"`: how much the rule tolerates. None if absent.

    Raises Problem `rule_threshold` when it is no such amount, below 0 or above 100 percent.
    """
    value: Any = fields.data.get("threshold")
    if value is None:
        return None
    match = _THRESHOLD.fullmatch(str(value).strip()) if not isinstance(value, bool | list | dict) else None
    if match is None:
        fields.fail_at("rule_threshold", "threshold", rule=rule_id, value=str(value))
    amount, percent = Decimal(match["amount"]), match["unit"] == "%"
    if amount > 100 if percent else amount != amount.to_integral_value():
        fields.fail_at("rule_threshold", "threshold", rule=rule_id, value=str(value))
    return Threshold(amount, "percent" if percent else "rows")


def read_service_levels(top: Fields) -> dict[str, Any]:
    """`slaProperties` by property: lengths of time in hours, all others as written.

    {"frequency": 24, "latency": 0.5, "schedule": "0 2 * * *"}; `schedule` is the cron text of `frequency`.
    Raises Problem for an unknown unit, an amount that is none, a property given twice.
    """
    found: dict[str, Any] = {}
    for entry in top.children("slaProperties", required=False):
        entry.only({"id", "property", "value", "unit", "element", "driver", "description", "scheduler", "schedule",
                    "customProperties", "authoritativeDefinitions"})  # fmt: skip
        name = entry.text("property")
        if name in found:
            entry.fail_at("schema_twice", "property", key="property", value=name)
        value = entry.get("value")
        if name in DURATIONS:
            if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < _MOST_OF_A_UNIT:
                entry.fail_at("contract_service_level", "value", property=name, value=str(value))
            hours = value * _HOURS[entry.choice("unit", _HOURS)]
            found[name] = int(hours) if hours == int(hours) else hours
        else:
            found[name] = value
        if name == "frequency" and "schedule" in entry:
            found["schedule"] = entry.text("schedule")
    return found
