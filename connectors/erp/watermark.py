"""The watermark of one object: where a read starts, and how far the cursor may move.

Belongs here: arithmetic on time stamps of any column type. Does not belong here: I/O.

Stamps lie: they are often the start of a transaction that commits minutes later. Every read therefore
starts `overlap_minutes` before the last watermark, and no stamp later than the source's clock counts.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import sqlalchemy as sa

from connectors.erp.catalogue import SourceColumn
from connectors.erp.config import ErpTableConfig
from connectors.erp.query import as_type
from schemas.problems import Problem


@dataclass(frozen=True)
class Watermark:
    """`value`: the highest stamp so far, as the column's Python type (text columns: ISO text).

    ceiling: the stamp of a row left for the next read; `value` never passes it.
    """

    type: pa.DataType
    overlap: timedelta
    value: Any = None
    ceiling: Any = None

    @classmethod
    def of(cls, config: ErpTableConfig, column: SourceColumn, stored: str | None) -> Watermark:
        """From the stored position (text, or None at the first read).

        Raises Problem `erp_watermark_type` if the column is of a type that does not grow with time.
        """
        kind = column.arrow
        temporal = pa.types.is_timestamp(kind) or pa.types.is_date(kind) or pa.types.is_string(kind)
        if not (temporal or pa.types.is_integer(kind) or pa.types.is_decimal(kind)):
            raise Problem(
                "erp_watermark_type",
                system=config.system,
                object=config.object,
                column=column.name,
                type=column.type_name,
            )
        value = None if stored is None else as_type(stored, kind)
        return cls(kind, timedelta(minutes=config.overlap_minutes), value)

    def start(self) -> Any:
        """What to read from, None = everything. Numbers have no minutes: they start at the last value itself."""
        if self.value is None:
            return None
        if isinstance(self.value, datetime):
            return self.value - self.overlap
        if isinstance(self.value, date):
            return self.value - timedelta(days=self.overlap.days + 1)
        if isinstance(self.value, str):
            return _like(self.value, _parsed(self.value) - self.overlap)
        return self.value

    def clock(self, dialect: sa.Dialect) -> sa.Select[Any]:
        """Asks the source what time it is."""
        if dialect.name == "sqlite":
            return sa.select(sa.func.datetime("now", "localtime"))
        name = "LOCALTIMESTAMP" if dialect.name in ("postgresql", "mysql", "oracle") else "CURRENT_TIMESTAMP"
        return sa.select(sa.literal_column(name))

    def limit(self, now: Any) -> datetime:
        """The source's time as a naive datetime."""
        return (now if isinstance(now, datetime) else datetime.fromisoformat(str(now))).replace(tzinfo=None)

    def advanced(self, stamps: pa.ChunkedArray, limit: datetime) -> Watermark:
        """With the highest stamp of a page that is not in the future; never backwards."""
        if pa.types.is_string(self.type):
            readable = [text for text in stamps.to_pylist() if _is_iso(text) and _parsed(text) <= limit]
            highest = max(readable, key=_parsed, default=None)
        else:
            past = stamps
            if pa.types.is_timestamp(self.type):
                past = stamps.filter(pc.less_equal(stamps, pa.scalar(limit, self.type)))
            elif pa.types.is_date(self.type):
                past = stamps.filter(pc.less_equal(stamps, pa.scalar(limit.date(), self.type)))
            highest = pc.max(past).as_py()
        if highest is None or (self.value is not None and _order(highest) <= _order(self.value)):
            return self
        return replace(self, value=highest)._lowered()

    def leaving(self, stamps: pa.ChunkedArray) -> Watermark:
        """Not beyond any of these stamps: their rows are left for the next read."""
        left = [value for value in stamps.to_pylist() if value is not None]
        if pa.types.is_string(self.type):
            left = [text for text in left if _is_iso(text)]
        lowest = min([*left, *([] if self.ceiling is None else [self.ceiling])], key=_order, default=None)
        return replace(self, ceiling=lowest)._lowered()

    def _lowered(self) -> Watermark:
        if self.value is None or self.ceiling is None or _order(self.value) <= _order(self.ceiling):
            return self
        return replace(self, value=self.ceiling)

    def position(self) -> dict[str, Any]:
        """{"watermark": text}, {} while nothing was read."""
        return {} if self.value is None else {"watermark": str(self.value)}


def _order(value: Any) -> Any:
    return _parsed(value) if isinstance(value, str) else value


def _parsed(text: str) -> datetime:
    return datetime.fromisoformat(text.strip()).replace(tzinfo=None)


def _is_iso(text: str | None) -> bool:
    try:
        return text is not None and _parsed(text) is not None
    except ValueError:
        return False


def _like(sample: str, moment: datetime) -> str:
    """`moment` written as `sample` is, so that text compares as time does."""
    if len(sample.strip()) <= 10:
        return moment.date().isoformat()
    return moment.isoformat(sep="T" if "T" in sample else " ", timespec="seconds")
