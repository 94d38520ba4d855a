"""Front-end libraries: declared exactly, fetched once, nothing of a registry kept."""

from __future__ import annotations

import json
import re
from pathlib import Path

from portal import vendor

PORTAL = Path(vendor.__file__).parent


def test_versions_are_exact() -> None:
    declared = json.loads((PORTAL / "package.json").read_text(encoding="utf-8"))["dependencies"]
    assert {name: version for name, version in declared.items() if not re.fullmatch(r"\d+\.\d+\.\d+", version)} == {}
    assert declared["htmx.org"].startswith("2.")
    assert declared["tabulator-tables"].startswith("6.")
    assert declared["echarts"].startswith("6.")


def test_fetched_once() -> None:
    vendor.fetch()
    assert vendor.is_current()
    assert vendor.fetch() is False
    assert sorted(path.name for path in vendor.TARGET.iterdir()) == sorted(
        [*(Path(name).name for name in vendor.FILES), "stamp"]
    )
    assert list(PORTAL.glob("**/package-lock.json")) == []
