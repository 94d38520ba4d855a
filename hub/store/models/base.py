"""What all tables share: the declarative base and two kinds of columns.

Belongs here: naming of types. Not here: any table.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, ClassVar

from sqlalchemy import BigInteger, Boolean, Date, DateTime, Float, Identity, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

# core.<entity> is made from the contracts (hub/store/core_tables.py).
SCHEMAS = ("core", "quality", "master", "mart", "ops")


class Base(DeclarativeBase):
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        str: Text,
        int: BigInteger,
        datetime: DateTime(timezone=True),
        date: Date,
        dict[str, Any]: JSONB,
        bool: Boolean,
        float: Float,
    }


def now_column() -> Mapped[datetime]:
    """A time that the store fills in."""
    return mapped_column(server_default=text("now()"))


def id_column() -> Mapped[int]:
    """A primary key that the store counts up."""
    return mapped_column(BigInteger, Identity(), primary_key=True)
