"""Values of a database driver as exact Arrow columns: this side of `transit.py`.

Belongs here: conversion without loss, and naming the rows whose value does not fit its declared type
(SQLite lets that happen). Does not belong here: cleansing; what is stored is what lands. What cannot
land as it is stored (a date no calendar has, a NUL in a text) is counted in `Remarks`, never passed over.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Context, Decimal, InvalidOperation
from typing import Any, Literal, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

from connectors.erp.database.catalogue import SourceColumn
from connectors.erp.database.encodings import meant
from connectors.erp.database.odd_dates import OddDate, day_of, local_of, moment_of
from connectors.erp.database.remarks import Remarks
from connectors.erp.database.texts import as_meant
from connectors.erp.database.transit import transit_of, transit_type

_WIDE = Context(prec=80, rounding=ROUND_HALF_EVEN)
Values: TypeAlias = Sequence[Any] | pa.ChunkedArray
_NOT_ARROW = (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, OverflowError, TypeError, ValueError)
_NOT_OF_TYPE = (ValueError, TypeError, InvalidOperation, OverflowError)


@dataclass(frozen=True)
class Arrival:
    """How values are received. columns: the source's column behind each field, None if computed.

    careful: dates travelled as text. odd_dates: what becomes of 0000-00-00 and infinity.
    """

    schema: pa.Schema
    columns: Sequence[SourceColumn | None]
    remarks: Remarks
    timezone: str
    careful: bool = False
    odd_dates: Literal["empty", "reject"] = "empty"

    @property
    def transit_schema(self) -> pa.Schema:
        """What arrives before it is turned into `schema`."""
        fields = zip(self.schema, self.columns, strict=True)
        return pa.schema([(field.name, transit_type(column, field.type, self.careful)) for field, column in fields])

    def rows(self, rows: Sequence[Sequence[Any]]) -> tuple[pa.Table, dict[int, str]]:
        """(table, {index: row as JSON} of rows with a value that cannot be its column's type; null there)."""
        return self._finished(list(zip(*rows, strict=True)) if rows else [()] * len(self.schema))

    def table(self, table: pa.Table) -> tuple[pa.Table, dict[int, str]]:
        """The same for Arrow columns in their transit types."""
        return self._finished(table.columns)

    def _finished(self, travelled: Sequence[Values]) -> tuple[pa.Table, dict[int, str]]:
        bad: set[int] = set()
        arrived, arrays = [], []
        for field, column, values in zip(self.schema, self.columns, travelled, strict=True):
            values = self._unpacked(column, values)
            array = self._typed(field, column, values, bad)
            if column is not None and pa.types.is_string(field.type) and len(array):
                array = as_meant(array, column, field.name, self.remarks)
            arrived.append(values)
            arrays.append(array)
        raw = {}
        for index in sorted(bad):
            row = [
                values[index].as_py() if isinstance(values, pa.ChunkedArray) else values[index] for values in arrived
            ]
            raw[index] = raw_json(row, self.schema.names)
        return pa.table(arrays, schema=self.schema), raw

    def _unpacked(self, column: SourceColumn | None, values: Values) -> Values:
        """Values as the source has them, out of the form they travelled in; text may still be a date."""
        transit = transit_of(column, self.careful)
        if transit == "real":
            # By way of text: 0.1 stays 0.1 instead of 0.10000000149.
            narrow = (
                values if isinstance(values, pa.ChunkedArray) else pa.chunked_array([pa.array(values, pa.float32())])
            )
            return pc.cast(pc.cast(narrow, pa.string()), pa.float64())
        if transit == "tagged":
            return [_untagged(value) for value in _listed(values)]
        if transit == "utc":
            return [value and local_of(value, self.timezone) for value in _listed(values)]
        if transit == "bytes":
            encoding = (column and column.encoding) or "utf-8"
            return [value and bytes(value).decode(encoding, "surrogateescape") for value in _listed(values)]
        return values

    def _typed(self, field: pa.Field, column: SourceColumn | None, values: Values, bad: set[int]) -> pa.ChunkedArray:
        try:
            if isinstance(values, pa.ChunkedArray):
                array = values if values.type == field.type else pc.cast(values, field.type)
            elif not pa.types.is_string(field.type) and _all_text(values):
                array = pc.cast(pa.array(values, pa.string()), field.type)
            else:
                array = pa.array(values, type=field.type)
            if not _below_year_one(array):
                return array if isinstance(array, pa.ChunkedArray) else pa.chunked_array([array])
        except _NOT_ARROW:
            pass  # one by one: most values of the column are good
        convert = _converter(field.type, column.encoding if column else None)
        converted = []
        for index, value in enumerate(_listed(values)):
            try:
                converted.append(None if value is None else convert(value))
            except OddDate as odd:
                converted.append(None)
                if self.odd_dates == "reject":
                    bad.add(index)
                self.remarks.odd_date(field.name, odd.text)
            except _NOT_OF_TYPE:
                converted.append(None)
                bad.add(index)
        return pa.chunked_array([pa.array(converted, type=field.type)])


def raw_json(row: Sequence[Any], names: Sequence[str]) -> str:
    """One row as JSON text for people; exact numbers as text, bytes as hex."""
    return json.dumps(dict(zip(names, map(plain, row), strict=True)), ensure_ascii=False)


def plain(value: Any) -> Any:
    """A JSON value: text for everything JSON has no exact form for."""
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, str):
        # A byte that could not be decoded is shown as \xNN; a NUL has no place in the store's JSON.
        shown = (
            value if value.isascii() else value.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
        )
        return shown.replace("\x00", "␀")
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).hex()
    if isinstance(value, Decimal):
        return format(value, "f") if value.is_finite() else str(value)
    if isinstance(value, date | datetime):
        return value.isoformat()
    return str(value)


def _value_at(values: Values, index: int) -> Any:
    return values[index].as_py() if isinstance(values, pa.ChunkedArray) else values[index]


def _listed(values: Values) -> Sequence[Any]:
    return values.to_pylist() if isinstance(values, pa.ChunkedArray) else values


def _all_text(values: Sequence[Any]) -> bool:
    first = next((value for value in values if value is not None), None)
    return isinstance(first, str) and all(value is None or isinstance(value, str) for value in values)


def _below_year_one(array: pa.Array | pa.ChunkedArray) -> bool:
    """Arrow knows a year 0 and earlier; Python and the store's calendar do not."""
    if pa.types.is_timestamp(array.type):
        lowest = pa.scalar(datetime(1, 1, 1), array.type)
    elif pa.types.is_date(array.type):
        lowest = pa.scalar(date(1, 1, 1), array.type)
    else:
        return False
    return bool(pc.any(pc.less(array, lowest)).as_py())


def _converter(wanted: pa.DataType, encoding: str | None) -> Callable[[Any], Any]:
    if pa.types.is_decimal(wanted):
        return lambda value: _decimal(value, wanted.precision, wanted.scale)
    if pa.types.is_integer(wanted):
        return _integer
    if pa.types.is_boolean(wanted):
        return _boolean
    if pa.types.is_floating(wanted):
        return float
    if pa.types.is_binary(wanted):
        return lambda value: value.encode() if isinstance(value, str) else bytes(value)
    if pa.types.is_string(wanted):
        return lambda value: _text(value, encoding)
    if pa.types.is_timestamp(wanted):
        return moment_of
    if pa.types.is_date(wanted):
        return day_of
    raise TypeError(f"no conversion to {wanted}")


def _decimal(value: Any, precision: int, scale: int) -> Decimal:
    # repr() of a float is its shortest exact spelling: 0.1, not 0.1000000000000000055.
    number = Decimal(repr(value)) if isinstance(value, float) else Decimal(str(value))
    rounded = number.quantize(Decimal(1).scaleb(-scale), context=_WIDE)
    if not rounded.is_finite() or (rounded.adjusted() >= precision - scale and rounded):
        raise ValueError("does not fit")
    return rounded


def _integer(value: Any) -> int:
    number = int(value)
    if (isinstance(value, float) and number != value) or not -(2**63) <= number < 2**63:
        raise ValueError("not a whole number of 64 bits")
    return number


def _boolean(value: Any) -> bool:
    if isinstance(value, bytes):
        return any(value)
    if value in (0, 1):
        return bool(value)
    raise ValueError("neither true nor false")


def _text(value: Any, encoding: str | None) -> str:
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).decode("utf-8")
    if isinstance(value, str):
        # Bytes that are no UTF-8 have come this far as lone surrogates.
        found = meant(value, encoding) if encoding and not value.isprintable() else value
        if found is None:
            raise ValueError("neither UTF-8 nor the configured encoding")
        found.encode("utf-8")
        return found
    if isinstance(value, float | timedelta | int):
        return str(value)
    return str(plain(value))


def _untagged(text: str | None) -> Any:
    """The value SQLite stored, from `transit._tagged`."""
    if text is None:
        return None
    kind, rest = text[0], text[1:]
    if kind == "i":
        return int(rest)
    if kind == "r":
        return float(rest)
    stored = bytes.fromhex(rest)
    return stored if kind == "b" else stored.decode("utf-8", "surrogateescape")
