"""Names: asset keys by layer, and the tags that carry policy from an asset to the root.

Belongs here: every name that more than one module of this package spells. Not here: definitions.
"""

from __future__ import annotations

from dagster import AssetCheckKey, AssetKey

from schemas.model import Rule

SYSTEM_TAG = "waterworks/system"  # which source system an asset or a run belongs to
DEPARTMENT_TAG = "waterworks/department"  # who keeps the data; the root turns it into the owner

FINDINGS = AssetKey(["quality", "findings"])
SUGGESTIONS = AssetKey(["quality", "suggestions"])
DATA_DOCS = AssetKey(["quality", "data_docs"])
QUALITY_SCORE = AssetKey(["mart", "quality_score"])
OPEN_WORK_ORDER = AssetKey(["mart", "open_work_order"])
MASTER_DOMAINS = ("customer", "supplier", "material")


def raw_key(system: str, object_name: str) -> AssetKey:
    """What one object of a source looked like when it was read: raw/k3/material."""
    return AssetKey(["raw", system, object_name])


def core_key(entity: str, system: str, object_name: str) -> AssetKey:
    """The rows one object brought into an entity's table: core/material/k3_material."""
    return AssetKey(["core", entity, f"{system}_{object_name}"])


def master_key(domain: str) -> AssetKey:
    return AssetKey(["master", domain])


def layer(key: AssetKey) -> str:
    """raw, core, quality, master or mart."""
    return key.path[0]


def sync_job_name(system: str) -> str:
    return f"sync_{system}"


def check_name(rule: Rule) -> str:
    """The rule's name without its entity; Dagster allows letters, digits and _ only."""
    return rule.id.partition(".")[2].replace(".", "_").replace("-", "_") or rule.id


def check_key(asset: AssetKey, rule: Rule) -> AssetCheckKey:
    return AssetCheckKey(asset, check_name(rule))
