"""The Great Expectations suite of a contract as JSON, for people who run GX themselves.

Belongs here: the file. Does not belong here: which rule is which expectation (hub/quality/gx/suites.py).
`ExpectationSuite(**json.loads(text))` loads it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping as MappingABC
from typing import Any

from schemas.model import CodeList, Contract


def suite_json(contract: Contract, codes: MappingABC[str, CodeList]) -> str:
    """The suite; its meta names the contract's version, and the rules that GX itself cannot run."""
    from hub.quality.gx.suites import suite

    made = suite(contract, dict(codes))
    document: dict[str, Any] = dict(made.to_json_dict())
    inside = {entry["meta"]["rule"] for entry in document["expectations"] if "rule" in entry.get("meta", {})}
    document["meta"] = {
        **document.get("meta", {}),
        "waterworks": {
            "entity": contract.entity,
            "version": contract.version,
            "owner": contract.owner,
            "not_in_this_suite": [rule.id for rule in contract.rules if rule.id not in inside],
        },
    }
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"
