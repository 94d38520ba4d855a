"""How gently and by which understanding an ERP is read: the models of everything but tables and columns.

Belongs here: pydantic models shared by a system and its tables. Does not belong here: what one object
reads (`config.py`), acting on it (`pace.py`, `values.py`, `account_sets.py`).
"""

from __future__ import annotations

import codecs
import re
from datetime import time
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, field_validator, model_validator

from connectors.config_base import Config, Identifier, OutputColumn, QualifiedIdentifier, Scalar

_HOURS = re.compile(r"^\s*(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2})\s*$")


def _known_encoding(name: str) -> str:
    try:
        return codecs.lookup(name).name
    except LookupError as error:
        raise ValueError(f"{name}: no such encoding; known are gbk, gb18030, big5, utf-8, ...") from error


def _readable_hours(text: str) -> str:
    hours_of(text)
    return text


Encoding = Annotated[str, AfterValidator(_known_encoding)]
Hours = Annotated[str, AfterValidator(_readable_hours)]


def hours_of(text: str) -> tuple[time, time]:
    """("20:00-06:00") -> the two times; ValueError says what is wrong."""
    found = _HOURS.match(text)
    if found is None:
        raise ValueError(f'{text}: hours look like "20:00-06:00"')
    first, last = (time(int(hour) % 24, int(minute)) for hour, minute in (found.groups()[:2], found.groups()[2:]))
    return first, last


class Pace(Config):
    """How much of an ERP's time may be taken.

    statement_seconds, lock_seconds: a statement that runs or waits longer is stopped by the database.
    page_rows: rows per statement at most. rows_per_second: pauses keep the average below it.
    pause_between_pages_seconds: a rest after every page. hours: when reading is allowed (local time of
    the system), none = always. wait_minutes: how long a sync outside the hours waits for them; if they
    open later than that it ends, and goes on at its next turn. max_connections: at a time, in one process.
    """

    statement_seconds: int = Field(default=300, ge=1, le=86_400)
    lock_seconds: int = Field(default=10, ge=1, le=3600)
    page_rows: int | None = Field(default=None, ge=1, le=1_000_000)
    rows_per_second: int | None = Field(default=None, ge=1)
    pause_between_pages_seconds: float = Field(default=0, ge=0, le=3600)
    hours: tuple[Hours, ...] = ()
    wait_minutes: int = Field(default=0, ge=0, le=1440)
    max_connections: int = Field(default=1, ge=1, le=16)

    def overridden(self, by: Pace | None) -> Pace:
        """This pace with what `by` says in its place."""
        return self if by is None else self.model_copy(update={name: getattr(by, name) for name in by.model_fields_set})


class AccountSet(Config):
    """One database of several with the same tables. retired: read no more, its rows count as deleted."""

    name: str = Field(min_length=1, max_length=200)
    set: str | None = None
    year: int | None = None
    retired: bool = False


class AccountSetPattern(Config):
    """All databases of the server whose whole name matches; groups `set` and `year` give the stamps.

    retired: names of databases read no more, their rows count as deleted.
    """

    pattern: str
    retired: tuple[str, ...] = ()

    @field_validator("pattern")
    @classmethod
    def _compiles(cls, pattern: str) -> str:
        try:
            re.compile(pattern)
        except re.error as error:
            raise ValueError(f"not a regular expression: {error}") from error
        return pattern


class AccountSetList(Config):
    """Databases listed in a table of another one. name: how a database is called, from {set} and {year}.

    where: {column: value}, as for a table; set, year: columns of the list. retired: as for a pattern.
    """

    database: str
    table: QualifiedIdentifier
    set: Identifier
    year: Identifier | None = None
    name: str = "UFDATA_{set}_{year}"
    where: dict[Identifier, Scalar] = Field(default_factory=dict)
    retired: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _name_can_be_filled_in(self) -> AccountSetList:
        if "{set}" not in self.name or ("{year}" in self.name and self.year is None):
            raise ValueError("`name` needs {set}, and {year} only together with `year: <column>`")
        return self


class ErpSettings(Config):
    """What a `SourceSystem` document of kind erp may say beside what every system says.

    encoding: what text columns really hold where the database declares Latin-1 or nothing (gbk, big5).
    odd_dates: what becomes of dates no calendar has (0000-00-00, infinity): empty and counted, or the row
    is rejected. blank_is_null: padding is cut off and blank text is NULL (Kingdee Cloud Galaxy).
    hints: SQL Server: nolock reads uncommitted rows, snapshot reads the last committed ones.
    databases: the same objects are read from each of them (one database per account set and year).
    """

    pace: Pace = Pace()
    encoding: Encoding | None = None
    odd_dates: Literal["empty", "reject"] = "empty"
    blank_is_null: bool = False
    hints: Literal["none", "nolock", "snapshot"] = "none"
    databases: list[AccountSet] | AccountSetPattern | AccountSetList | None = None

    @field_validator("databases")
    @classmethod
    def _named_once(cls, databases: Any) -> Any:
        if isinstance(databases, list):
            names = [item.name.casefold() for item in databases]
            if repeated := [name for name in names if names.count(name) > 1]:
                raise ValueError(f"database {repeated[0]} is listed twice")
        return databases


class TableAccess(Config):
    """What one table says otherwise than its system. columns_encoding: {output column: encoding}."""

    pace: Pace | None = None
    encoding: Encoding | None = None
    columns_encoding: dict[OutputColumn, Encoding] = Field(default_factory=dict)
    blank_is_null: bool | None = None
