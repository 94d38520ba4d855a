"""What tests of the read modes share: a table that changes, and a follower that does what landing does.

Belongs here: helpers. Does not belong here: assertions.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from connectors.base import KEY, ROW_NO, Page
from connectors.config_base import Title
from connectors.config_models import SystemConfig
from connectors.erp.config import ErpTableConfig
from connectors.erp.connector import ErpConnector
from schemas.problems import Problem

PAGE = 10


def connector(url: str, **attributes: Any) -> ErpConnector:
    """One object, `thing`, of a system called k3."""
    config = ErpTableConfig(system="k3", object="thing", **attributes)
    title = Title(zh="金蝶", en="Kingdee")
    system = SystemConfig(
        system="k3", kind="erp", plant="P1", title=title, url_env="WATERWORKS_K3_URL", objects={"thing": config}
    )
    return ErpConnector(system, url)


@dataclass
class Follower:
    """The rows a hub has, kept up to date from pages alone. carried, unchanged, deleted, remarks: of the last sync."""

    url: str
    attributes: dict[str, Any]
    rows: dict[str, dict[str, Any]] = field(default_factory=dict)
    position: dict[str, Any] | None = None
    carried: int = 0
    unchanged: int = 0
    deleted: int = 0
    remarks: list[Problem] = field(default_factory=list)

    def pages(self, page_rows: int = PAGE) -> Iterator[Page]:
        """Pages, each landed before the next is asked for."""
        self.carried = self.unchanged = self.deleted = 0
        source = connector(self.url, **self.attributes)
        seen: set[str] = set()
        partial, total = False, None
        for page in source.read("thing", self.position, page_rows):
            partial, total = partial or page.partial, page.total
            self._land(page, seen)
            yield page
        self.remarks = source.remarks("thing")
        how = source.deletions("thing")
        if how == "keys" or (partial and how in ("read", "reported")):
            if not (partial and total == len(self.rows)):
                self._keep({key for keys in source.keys("thing") for key in keys.to_pylist()})
        elif how == "read":
            self._keep(seen)

    def sync(self, page_rows: int = PAGE, stop_after: int | None = None) -> None:
        """One sync; stop_after: it is killed after so many pages."""
        for number, _ in enumerate(self.pages(page_rows), start=1):
            if number == stop_after:
                return

    def column(self, name: str) -> dict[str, Any]:
        """{key: value of one column}."""
        return {key: row[name] for key, row in self.rows.items()}

    def _land(self, page: Page, seen: set[str]) -> None:
        self.unchanged += page.unchanged
        for key in page.deleted:
            self.deleted += self.rows.pop(key, None) is not None
        for row in page.rows.drop_columns([ROW_NO]).to_pylist():
            self._take(row.pop(KEY), row, seen)
        for row in page.rejected.to_pylist():
            self._take(row[KEY], {"raw": row["raw"]}, seen)
        self.position = page.position

    def _take(self, key: str, row: dict[str, Any], seen: set[str]) -> None:
        assert key not in seen, f"{key} came twice"
        seen.add(key)
        self.rows[key] = row
        self.carried += 1

    def _keep(self, keys: set[str]) -> None:
        for key in self.rows.keys() - keys:
            del self.rows[key]
            self.deleted += 1
