"""Eight bytes at a time: numbers read out of text for many places at once.

Belongs here: arithmetic on arrays of 8-byte words (first character in the lowest byte), nothing else.
Does not belong here: what the text means (cell_scan.py).

The digit arithmetic is the well-known "SIMD within a register" trick: Daniel Lemire, "Quickly parsing
eight digits" (2018), https://lemire.me/blog/2018/10/03/quickly-parsing-eight-digits/.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Words = NDArray[np.uint64]
Places = NDArray[np.int64]

PADDING = 24  # bytes a buffer must have behind the last place that is looked at
_ZEROS = np.uint64(0x3030303030303030)
_HIGH = np.uint64(0x8080808080808080)
_LOW7 = np.uint64(0x7F7F7F7F7F7F7F7F)
_EIGHT = np.uint64(8)
# Words with the first n bytes set, for n = 0..8.
FIRST = np.array([(1 << (8 * n)) - 1 for n in range(9)], np.uint64)
# Shift that moves the first n bytes to the top; 8 digits need none. A shift by 64 is taken apart below.
_SHIFT = np.array([0, *(8 * (8 - n) for n in range(1, 9))], np.uint64)


def view(data: bytes) -> Words:
    """The word at every place of `data`, which ends with PADDING; nothing is copied."""
    return np.ndarray((len(data) - 7,), dtype="<u8", buffer=data, strides=(1,))


def word(text: str) -> np.uint64:
    """Up to eight ASCII characters as a word."""
    return np.uint64(int.from_bytes(text.encode("ascii"), "little"))


def matches(words: Words, character: str) -> Words:
    """The high bit of every byte that is this ASCII character."""
    other = words ^ np.uint64(int.from_bytes(character.encode("ascii") * 8, "little"))
    return ~(((other & _LOW7) + _LOW7) | other | _LOW7)


def no_digits(words: Words) -> Words:
    """The high bit of every byte that is no ASCII digit."""
    other = words ^ _ZEROS
    return (((other & _LOW7) + np.uint64(0x7676767676767676)) | other) & _HIGH


def length_until_quote(words: Words) -> Words:
    """How many bytes stand before the first double quote; 8 where there is none."""
    found = matches(words, '"')
    lowest = found & (~found + np.uint64(1))
    return np.where(found == 0, _EIGHT, np.bitwise_count(lowest - np.uint64(1)).astype(np.uint64) >> np.uint64(3))


def whole_numbers(words: Words, lengths: Words) -> tuple[Words, NDArray[np.bool_]]:
    """(the number in the first `lengths` bytes of each word, was it one). Lengths beyond 8 are none."""
    fitting = (lengths > 0) & (lengths <= _EIGHT)
    lengths = np.where(fitting, lengths, _EIGHT)
    good = fitting & ((no_digits(words) & FIRST[lengths]) == 0)
    digits = ((words ^ _ZEROS) & FIRST[lengths]) << _SHIFT[lengths]
    pairs = digits * np.uint64(10) + (digits >> _EIGHT)
    mask = np.uint64(0x000000FF000000FF)
    upper = (pairs & mask) * np.uint64(0x000F424000000064)
    lower = ((pairs >> np.uint64(16)) & mask) * np.uint64(0x0000271000000001)
    return (upper + lower) >> np.uint64(32), good
