"""Texts of many cells at once, without a Python object per cell: slices of the file gathered by Arrow.

Belongs here: shared strings, slices of XML and computed texts put together as one Arrow column. Does
not belong here: where the cells stand (cell_scan.py), what a number format means (formats.py).

Arrow's "string view" layout (https://arrow.apache.org/docs/format/Columnar.html#variable-size-binary-view-layout)
names each text by 16 bytes: length and first four characters, then either the next eight characters
(up to 12 in all) or the number of a buffer and the place in it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from connectors.excel.filetypes import words

Views = NDArray[np.uint64]  # n x 2
_SHORT = 12
_32 = np.uint64(32)


def views_of(array: pa.Array) -> tuple[Views, list[pa.Buffer]]:
    """(views, their buffers) of an Arrow string array without nulls."""
    if not len(array):
        return np.zeros((0, 2), np.uint64), []
    viewed = array.cast(pa.string_view())
    _, layout, *data = viewed.buffers()
    views = np.frombuffer(layout, np.uint64).reshape(-1, 2)
    return views[viewed.offset : viewed.offset + len(viewed)], data


class SharedStrings:
    """The strings of a workbook that cells refer to by number."""

    def __init__(self, array: pa.Array | None = None) -> None:
        self.array = pa.array([], pa.string()) if array is None else array
        self.views, self.buffers = views_of(self.array)

    def __len__(self) -> int:
        return len(self.array)

    def __getitem__(self, number: int) -> str:
        text: str = self.array[number].as_py()
        return text


class Column:
    """A column of texts under construction, one per cell; those never put are empty."""

    def __init__(self, count: int, data: bytes) -> None:
        """`data`: what slices are taken from; ends with words.PADDING."""
        self._views: Views = np.zeros((count, 2), np.uint64)
        self._buffers: list[pa.Buffer] = [pa.py_buffer(data)]
        self._at = words.view(data)

    def put_slices(self, cells: NDArray[np.int64], start: words.Places, end: words.Places) -> None:
        """data[start:end] as it stands, for these cells."""
        length = (end - start).astype(np.uint64)
        head, rest = self._at[start], self._at[start + 4]
        short = length <= _SHORT
        first = head & words.FIRST[np.minimum(length, 4)]
        place = start.astype(np.uint64) << _32  # in buffer 0
        tail = rest & words.FIRST[np.where(length > 4, np.minimum(length, _SHORT) - 4, 0).astype(np.int64)]
        self._views[cells, 0] = length | (first << _32)
        self._views[cells, 1] = np.where(short, tail, place)

    def put(self, cells: NDArray[np.int64], source: pa.Array, numbers: NDArray[np.int64]) -> None:
        """source[numbers] for these cells."""
        self.put_views(cells, *views_of(source), numbers)

    def put_views(
        self, cells: NDArray[np.int64], views: Views, buffers: Sequence[pa.Buffer], numbers: NDArray[np.int64]
    ) -> None:
        """As `put`, for an array whose views are known."""
        chosen = views[numbers]
        long = (chosen[:, 0] & np.uint64(0xFFFFFFFF)) > _SHORT
        chosen[long, 1] += np.uint64(len(self._buffers))  # the low half numbers the buffer
        self._views[cells] = chosen
        self._buffers += buffers

    def array(self, cells: NDArray[np.int64] | None = None) -> pa.Array:
        """The texts of all or some cells as an Arrow string array, whatever has been put so far."""
        views = self._views if cells is None else self._views[cells]
        return pa.Array.from_buffers(pa.string_view(), len(views), [None, pa.py_buffer(views), *self._buffers]).cast(
            pa.string()
        )

    def filled(self) -> NDArray[np.int64]:
        """The numbers of the cells that have a text."""
        return np.flatnonzero(self._views[:, 0] & np.uint64(0xFFFFFFFF))
