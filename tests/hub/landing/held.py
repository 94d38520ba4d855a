"""Materials and bills of materials that refer to them: a world in which rules over several rows hold rows back.

Belongs here: loading made-up rows, publishing, and counting where every row is. Not here: what should come of it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from connectors.base import KEY, ROW_NO, Check, Deletions, Discovered, Page, SourceFile
from hub.landing.dataset import dataset
from hub.landing.lease import lease
from hub.landing.load import Load
from hub.landing.result import LoadResult
from hub.publish import Outcome, decide
from hub.store.engine import connect
from schemas.loader import contracts
from schemas.model import Contract, Text

MATERIALS, BOMS, LIST = "k3.material", "k3.bom", "uploads.material_list"
_COLUMNS = {
    MATERIALS: ("FNumber", "FName", "FModel", "unit_name", "FErpClsID", "FPlanPrice", "FBatchManager", "FDeleted"),
    BOMS: (
        "bom_number", "FEntryID", "parent_number", "parent_id", "component_number", "FItemID", "FQty", "unit_name",
        "FScrap", "FBeginDay", "FEndDay", "use_status",
    ),
    LIST: ("物料编码", "物料名称", "规格型号", "计量单位", "物料类别", "启用日期"),
}  # fmt: skip
Row = dict[str, str]


def material(number: int | str, **more: str) -> Row:
    return {"FNumber": f"M-{number:0>5}", "FName": f"轴承{number}", "unit_name": "个", **more}


def bom(line: int, component: int | str, qty: str = "2", **more: str) -> Row:
    """Line `line` of a bill of materials for material 1."""
    known = {"bom_number": "BOM-1", "FEntryID": str(line), "parent_number": "M-00001"}
    return {**known, "component_number": f"M-{component:0>5}", "FQty": qty, "unit_name": "个", **more}


def listed(number: int | str) -> Row:
    """A material in a workbook."""
    return {"物料编码": f"M-{number:0>5}", "物料名称": f"轴承{number}", "计量单位": "个"}


@dataclass
class _Source:
    """Gives its pages; every read carries every row, except an upload's."""

    pages: list[Page]
    how: Deletions = "read"
    system: str = "k3"

    def check(self) -> Check:
        return Check(self.system, True, Text("好", "fine"))

    def discover(self) -> list[Discovered]:
        return []

    def read(self, object_name: str, position: dict[str, Any] | None, page_rows: int) -> Iterator[Page]:
        yield from self.pages

    def deletions(self, object_name: str) -> Deletions:
        return self.how


@dataclass
class World:
    """rows: what each source has now, by key. versions: of the workbook."""

    landing: Path
    rows: dict[str, dict[str, Row]] = field(default_factory=lambda: {MATERIALS: {}, BOMS: {}, LIST: {}})
    page_rows: int = 3
    versions: int = 0

    def load(self, name: str, run_id: str = "test") -> LoadResult:
        """Read everything the source has."""
        system, _, object_name = name.partition(".")
        source = _Source(list(self._pages(name)), "no" if system == "uploads" else "read", system)
        with lease(system, run_id, 10) as held, connect() as connection:
            load = Load(connection, dataset(name, "P1"), held, run_id, self.landing)
            result = load.run(lambda: source, object_name)
        assert result.adds_up
        return result

    def load_all(self) -> None:
        for name in (MATERIALS, BOMS):
            assert self.load(name).status == "ok"

    def publish(self) -> Outcome:
        outcome = decide("test")
        assert all(load.adds_up for load in outcome.loads)
        return outcome

    def all(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        with connect() as connection:
            return connection.execute(query.encode(), values or None).fetchall()

    def places(self, name: str) -> dict[str, str]:
        """{source key: core or held}; fails if a row is in both."""
        entity = dataset(name, "P1").contract.entity
        found = self.all(
            f"select _source_key, 'core' from core.{entity} where _dataset = %s union all"
            " select source_key, 'held' from quality.held_row where dataset = %s",
            name,
            name,
        )
        assert max(Counter(key for key, _ in found).values(), default=0) <= 1, found
        return dict(found)

    def held(self, name: str = BOMS) -> list[str]:
        return sorted(key for key, place in self.places(name).items() if place == "held")

    def complete(self) -> bool:
        """Every row of every source is in the store exactly once, and all accounts add up."""
        for name, rows in self.rows.items():
            assert set(self.places(name)) == set(rows), name
        wrong = self.all("select * from ops.load where rows_read <> loaded + held + rejected + unchanged")
        assert wrong == []
        return True

    def _pages(self, name: str) -> Iterator[Page]:
        keys = sorted(self.rows[name], key=lambda key: (len(key), key))
        file = None
        if name == LIST:
            self.versions += 1
            letters = {column: chr(ord("A") + place) for place, column in enumerate(_COLUMNS[LIST])}
            file = SourceFile("料号.xlsx", "Sheet1", f"{self.versions:064}", letters, 1)
        for start in range(0, max(len(keys), 1), self.page_rows):
            part = keys[start : start + self.page_rows]
            columns = {
                column: pa.array([self.rows[name][key].get(column) for key in part], pa.string())
                for column in _COLUMNS[name]
            }
            numbers = [start + place + 2 if file else None for place in range(len(part))]
            rows = pa.table({**columns, KEY: pa.array(part, pa.string()), ROW_NO: pa.array(numbers, pa.int64())})
            yield Page(rows, {}, file=file)


def with_rules(patch: Any, entity: str, **severity: str | None) -> dict[str, Contract]:
    """Contracts in which rules of the entity have another severity; None takes the rule out."""
    known = contracts()
    changed = known[entity]
    rules = tuple(
        replace(rule, severity=severity.get(rule.id.partition(".")[2]) or rule.severity)
        for rule in changed.rules
        if severity.get(rule.id.partition(".")[2], "as it is") is not None
    )
    now = {**known, entity: replace(changed, rules=rules)}
    use(patch, now)
    return now


def use(patch: Any, now: dict[str, Contract]) -> None:
    """Have loads and publish see these contracts."""
    for module in ("hub.landing.dataset", "hub.publish", "hub.publish_state"):
        patch.setattr(f"{module}.contracts", lambda: now)
