"""JSON items of a list as rows: dotted paths, exact text, epoch stamps, keys; or a reason to refuse one.

Belongs here: pure functions. Does not belong here: HTTP, paging.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pyarrow as pa

from connectors.base import KEY, REJECTED_SCHEMA, ROW_NO
from connectors.mes.config import MesEndpointConfig


@dataclass(frozen=True)
class Item:
    """One accepted item. stamp: its update time as the server writes it (epoch), None if it has none."""

    key: str
    values: tuple[str | int | None, ...]
    stamp: int | None


@dataclass(frozen=True)
class Refused:
    """One item that is no row. key: made from its content, so that it is the same at the next read."""

    key: str
    raw: str
    reason: str


def value_at(value: Any, path: str) -> Any:
    """The value at a dotted path of objects and list positions; None where the path ends early."""
    for step in path.split("."):
        if isinstance(value, dict):
            value = value.get(step)
        elif isinstance(value, list) and step.isdigit() and int(step) < len(value):
            value = value[int(step)]
        else:
            return None
    return value


def read_item(value: Any, endpoint: MesEndpointConfig) -> Item | Refused:
    """The item as a row of the endpoint's columns, or why it is none."""
    if not isinstance(value, dict):
        return _refuse(value, "mes_item_no_object")
    parts = [value_at(value, path) for path in endpoint.key]
    if any(part is None or part == "" or isinstance(part, bool | dict | list) for part in parts):
        return _refuse(value, "mes_item_no_key")
    values: list[str | int | None] = []
    for name, path in endpoint.columns.items():
        found = value_at(value, path)
        if name not in endpoint.times:
            values.append(as_text(found))
            continue
        try:
            values.append(as_epoch(found))
        except ValueError:
            return _refuse(value, "mes_item_bad_time")
    return Item(join_key([str(as_text(part)) for part in parts]), tuple(values), _stamp(value, endpoint))


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


def as_epoch(value: Any) -> int | None:
    """A point in time as the server counts it; None for null and blank. Raises ValueError for anything else."""
    if value is None or value == "":
        return None
    if isinstance(value, bool) or not isinstance(value, int | str | Decimal):
        raise ValueError(value)
    number = int(value)
    if number != value and not isinstance(value, str):
        raise ValueError(value)
    if not -(2**63) <= number < 2**63:
        raise ValueError(value)
    return number


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


def _stamp(value: dict[str, Any], endpoint: MesEndpointConfig) -> int | None:
    if endpoint.updated is None:
        return None
    try:
        return as_epoch(value_at(value, endpoint.updated.column))
    except ValueError:
        return None


def _refuse(value: Any, reason: str) -> Refused:
    raw = json.dumps(value, ensure_ascii=False, default=as_text)
    digest = hashlib.sha256(raw.encode()).hexdigest()[:16]
    return Refused(f"item-{digest}", raw, reason)
