"""truth.jsonl: what was spoilt, where, and what it should say. Written once, read by `score`.

Belongs here: the lines' shape, writing and reading. Two types of line:
- {"type": "error", kind, class, dataset, source_key, column, dirty, true, ...where it stands}
- {"type": "entity", domain, dataset, source_key, entity}: which true thing a record is.
`dirty` and `true` are text as the hub lands it, null for empty. Where: ERP and MES lines carry
`table`, `key` and `table_column`; workbook lines carry `file`, `sheet` (null for CSV) and `cell`.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import IO, Any

import yaml

from examples.demo_factory.dirt import Cell, as_text


@cache
def kinds() -> dict[str, dict[str, Any]]:
    """Every kind of planted error by name, from kinds.yaml."""
    return yaml.safe_load(Path(__file__).with_name("kinds.yaml").read_text(encoding="utf-8"))


@dataclass
class Truth:
    """Writes the lines and counts them by kind. Raises KeyError for a kind that kinds.yaml lacks."""

    out: IO[str]
    counts: Counter[str] = field(default_factory=Counter)

    def error(self, cell: Cell, dataset: str, source_key: str, column: str, /, **where: Any) -> None:
        """One line if the cell is spoilt, none if it is right."""
        if cell.kind is None:
            return
        self.counts[cell.kind] += 1
        line = {
            "type": "error",
            "kind": cell.kind,
            "class": kinds()[cell.kind]["class"],
            "dataset": dataset,
            "source_key": source_key,
            "column": column,
            "dirty": as_text(cell.value),
            "true": as_text(cell.true),
        }
        self._write(line | where)

    def entity(self, domain: str, dataset: str, source_key: str, entity: str) -> None:
        self._write(
            {"type": "entity", "domain": domain, "dataset": dataset, "source_key": source_key, "entity": entity}
        )

    def _write(self, line: dict[str, Any]) -> None:
        self.out.write(json.dumps(line, ensure_ascii=False) + "\n")


def read(path: Path) -> Iterator[dict[str, Any]]:
    """The lines of a truth file, one at a time."""
    with path.open(encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)
