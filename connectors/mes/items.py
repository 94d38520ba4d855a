"""JSON items of a list as rows: paths, exact text, epoch stamps, keys; or a reason to refuse one.

Belongs here: pure functions. Does not belong here: HTTP, paging.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pyarrow as pa

from connectors.base import KEY, REJECTED_SCHEMA, ROW_NO
from connectors.mes.config import MesEndpointConfig
from connectors.mes.paths import PARENT, has_every, value_at
from connectors.mes.times import to_epoch


@dataclass(frozen=True)
class Item:
    """One accepted row. stamp: update time of its item, epoch ms, None if it has none.

    deleted: the item itself says that its record is deleted.
    """

    key: str
    values: tuple[str | int | None, ...]
    stamp: int | None
    deleted: bool = False


@dataclass(frozen=True)
class Refused:
    """One item that is no row. key: made from its content, so that it is the same at the next read."""

    key: str
    raw: str
    reason: str


class Rows:
    """Items of one endpoint as rows. zone: of times without one, unless the endpoint has its own."""

    def __init__(self, endpoint: MesEndpointConfig, zone: str) -> None:
        self._endpoint = endpoint
        self._zone = endpoint.times_zone or zone

    def read(self, value: Any) -> Iterator[Item | Refused]:
        """The rows of one item of the list: one, or with `children` one per child."""
        value = self._named(value)
        if not isinstance(value, dict):
            yield refuse(value, "mes_item_no_object")
            return
        children = self._endpoint.children
        if children is None:
            yield self._row(value, value)
            return
        found = value_at(value, children)
        if found is not None and not isinstance(found, list):
            yield refuse(value, "mes_item_no_children")
            return
        for child in found or []:
            if isinstance(child, dict):
                yield self._row(value, {**child, PARENT: value})
            else:
                yield refuse(child, "mes_item_no_object")

    def key_of(self, value: Any) -> str:
        """What tells an item of the list from others, whether or not it is a row: its key, else its content."""
        named = self._named(value)
        paths = self._endpoint.key
        if self._endpoint.children is not None:
            paths = [path.removeprefix(f"{PARENT}.") for path in paths if path.startswith(f"{PARENT}.")]
        parts = [value_at(named, path) for path in paths] if isinstance(named, dict) else []
        if parts and not any(_is_no_key(part) for part in parts):
            return join_key([str(as_text(part)) for part in parts])
        return refuse(value, "").key

    def keys(self, value: Any) -> list[str]:
        """The keys of the rows of one item."""
        return [row.key for row in self.read(value) if isinstance(row, Item) and not row.deleted]

    def stamp(self, value: dict[str, Any]) -> int | None:
        updated = self._endpoint.updated
        if updated is None:
            return None
        try:
            found = value_at(value, updated.column)
            zone = updated.zone or self._zone
            return to_epoch(found, zone, "s" if updated.unit == "s" else "ms", updated.pattern)
        except ValueError:
            return None

    def _named(self, value: Any) -> Any:
        """An item that is a list of values as an object by the names in `fields`."""
        fields = self._endpoint.fields
        if fields and isinstance(value, list) and len(value) == len(fields):
            return dict(zip(fields, value, strict=True))
        return value

    def _row(self, item: dict[str, Any], value: dict[str, Any]) -> Item | Refused:
        endpoint = self._endpoint
        parts = [value_at(value, path) for path in endpoint.key]
        if any(_is_no_key(part) for part in parts):
            return refuse(_without_parent(value), "mes_item_no_key")
        values: list[str | int | None] = []
        for name, path in endpoint.columns.items():
            found = value_at(value, path)
            if name not in endpoint.times:
                joined = has_every(path) and isinstance(found, list)
                values.append(",".join(as_text(part) or "" for part in found) if joined else as_text(found))
                continue
            try:
                values.append(to_epoch(found, self._zone, endpoint.times_unit))
            except ValueError:
                return refuse(_without_parent(value), "mes_item_bad_time")
        flag = endpoint.deleted
        gone = flag is not None and as_text(value_at(item, flag.column)) in [as_text(one) for one in flag.values]
        key = join_key([str(as_text(part)) for part in parts])
        return Item(key, tuple(values), self.stamp(item), gone)


def _is_no_key(part: Any) -> bool:
    return part is None or part == "" or isinstance(part, bool | dict | list)


def _without_parent(value: dict[str, Any]) -> dict[str, Any]:
    return {name: part for name, part in value.items() if name != PARENT}


def as_text(value: Any) -> str | None:
    """Exact text: numbers as written (no exponent), true/false, objects and lists as JSON."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, default=as_text)
    return str(value)


def join_key(parts: Sequence[str]) -> str:
    """Parts joined by "|"; in a composite key "|" and "\\" inside a part are escaped with "\\"."""
    if len(parts) == 1:
        return parts[0]
    return "|".join(part.replace("\\", "\\\\").replace("|", "\\|") for part in parts)


def schema_of(endpoint: MesEndpointConfig) -> pa.Schema:
    """text columns as string, `times` as int64, then KEY and ROW_NO."""
    fields = [(name, pa.int64() if name in endpoint.times else pa.string()) for name in endpoint.columns]
    return pa.schema([*fields, (KEY, pa.string()), (ROW_NO, pa.int64())])


def rows_table(items: Sequence[Item], endpoint: MesEndpointConfig) -> pa.Table:
    schema = schema_of(endpoint)
    columns: list[list[Any]] = [list(column) for column in zip(*(item.values for item in items), strict=True)]
    columns = columns or [[] for _ in endpoint.columns]
    columns += [[item.key for item in items], [None] * len(items)]
    arrays = [pa.array(values, field.type) for values, field in zip(columns, schema, strict=True)]
    return pa.table(arrays, schema=schema)


def rejected_table(refused: Sequence[Refused]) -> pa.Table:
    columns = [
        [item.key for item in refused],
        [None] * len(refused),
        [item.raw for item in refused],
        [item.reason for item in refused],
    ]
    arrays = [pa.array(values, field.type) for values, field in zip(columns, REJECTED_SCHEMA, strict=True)]
    return pa.table(arrays, schema=REJECTED_SCHEMA)


def refuse(value: Any, reason: str) -> Refused:
    raw = json.dumps(value, ensure_ascii=False, default=as_text)
    digest = hashlib.sha256(raw.encode()).hexdigest()[:16]
    return Refused(f"item-{digest}", raw, reason)
