"""PostgreSQL's binary form of `numeric` as exact decimals, whole columns at a time.

Belongs here: `decoded`, pure. Does not belong here: asking a server for it (`adbc.py`).

The form is that of `numeric_send` (src/backend/utils/adt/numeric.c): 16-bit big-endian words: number of
digits, weight (power of 10,000 of the first digit), sign, scale shown, then the digits to base 10,000.
"""

from __future__ import annotations

import math
from decimal import Context, Decimal
from typing import Any

import numpy as np
import pyarrow as pa

_NEGATIVE, _POSITIVE = 0x4000, 0x0000
_INT64_DIGITS = 18
_WIDE = Context(prec=80)

Words = np.ndarray[Any, Any]


def decoded(sent: pa.Array, wanted: pa.Decimal128Type) -> pa.Array | None:
    """The column as `wanted`; None if a value is NaN or infinite, which no decimal is.

    `sent`: binary array. Raises pa.ArrowInvalid if a value has more digits than `wanted`.
    """
    sent = pa.concat_arrays([sent]) if sent.offset else sent
    size = len(sent)
    if size == sent.null_count:
        return pa.nulls(size, wanted)
    validity, offsets, data = sent.buffers()
    words = np.frombuffer(data, ">u2")
    # A null takes no bytes: its header would be its neighbour's.
    is_valid = np.asarray(sent.is_valid())
    start = np.frombuffer(offsets, "<i4", count=size + 1)[:-1][is_valid] // 2
    sign = words[start + 2]
    if not np.isin(sign, (_POSITIVE, _NEGATIVE)).all():
        return None
    digits, weight = words[start].astype(np.int64), words[start + 1].astype(np.int16).astype(np.int64)
    highest = int(np.where(digits > 0, weight, -1).max(initial=-1))
    if 4 * (highest + 1) + wanted.scale > _INT64_DIGITS:
        return _one_by_one(sent, wanted)
    number = _summed(words, start, digits, weight, highest, wanted.scale)
    number[sign == _NEGATIVE] *= -1
    wide = np.zeros((size, 2), "<i8")
    wide[is_valid, 0] = number
    wide[is_valid, 1] = number >> 63  # the sign fills the higher half
    return pa.Array.from_buffers(wanted, size, [validity, pa.py_buffer(wide)], null_count=sent.null_count)


def _summed(words: Words, start: Words, digits: Words, weight: Words, highest: int, scale: int) -> Words:
    """The numbers without their decimal point."""
    number = np.zeros(len(start), np.int64)
    lowest = -math.ceil(scale / 4)
    for power in range(highest, lowest - 1, -1):
        place = weight - power
        there = (place >= 0) & (place < digits)
        digit = words[np.where(there, start + 4 + place, 0)].astype(np.int64) * there
        kept = 4 if power > lowest or scale % 4 == 0 else scale % 4  # decimal digits of the last word
        number = number * 10**kept + digit // 10 ** (4 - kept)
    return number


def _one_by_one(sent: pa.Array, wanted: pa.Decimal128Type) -> pa.Array:
    """Numbers of more than 18 digits."""
    unit = Decimal(1).scaleb(-wanted.scale)
    return pa.array([None if value is None else _number(value, unit) for value in sent.to_pylist()], wanted)


def _number(sent: bytes, unit: Decimal) -> Decimal:
    words = np.frombuffer(sent, ">u2").tolist()
    count, weight, sign = words[0], words[1] - 65_536 * (words[1] > 32_767), words[2]
    whole = 0
    for digit in words[4 : 4 + count]:
        whole = whole * 10_000 + digit
    shift = 4 * (weight + 1 - count)
    # The last word may end in zeros beyond the declared scale.
    return Decimal(f"{'-' if sign == _NEGATIVE else ''}{whole}E{shift}").quantize(unit, context=_WIDE)
