"""Where the cells of some whole rows of sheet XML stand: address, style, type, value, for all at once.

Belongs here: one pass of array arithmetic over the bytes of rows, or of shared strings. Every "<" is
accounted for; whatever is not written the plain way is left to the caller one by one (`odd`) or
refused (`Odd`). Does not belong here: what a value means (cell_text.py), files. Runs in the child process.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from connectors.excel.filetypes import words
from connectors.excel.filetypes.cells import MAX_COLUMN, MAX_ROW

# Kinds of tags. A tag that closes itself (<c r="A1"/>) is its kind + ALONE.
_NONE, _C, _V, _F, _IS, _T, _ROW, _SI, _C_END, _V_END, _F_END, _IS_END, _T_END, _ROW_END, _SI_END = range(15)
_ALONE = 16
NUMBER, SHARED, BOOLEAN, ERROR, STRING, INLINE, DATE = range(7)  # the types of a cell
_TYPES = {'n"': NUMBER, 's"': SHARED, 'b"': BOOLEAN, 'e"': ERROR, 'd"': DATE, 'str"': STRING}
_R, _S, _TYPE = (words.word(text) for text in (' r="', ' s="', ' t="'))
_FOUR, _TWO = words.FIRST[4], words.FIRST[2]

# How a cell or a shared string is usually written: its tags, and which of them has the value as its text.
Shapes = tuple[tuple[tuple[int, ...], int], ...]
_CELLS: Shapes = (
    ((_C, _V, _V_END, _C_END), 1),
    ((_C, _F, _F_END, _V, _V_END, _C_END), 3),
    ((_C, _F + _ALONE, _V, _V_END, _C_END), 2),
    ((_C, _IS, _T, _T_END, _IS_END, _C_END), 2),
    ((_C + _ALONE,), 0),
    ((_C, _C_END), 0),
    ((_C, _V + _ALONE, _C_END), 0),
    ((_C, _F, _F_END, _C_END), 0),
    ((_C, _F + _ALONE, _C_END), 0),
    ((_C, _F, _F_END, _V + _ALONE, _C_END), 0),
    ((_C, _F + _ALONE, _V + _ALONE, _C_END), 0),
)
_INLINE_SHAPE, _FIRST_FORMULA = 3, 7
_STRINGS: Shapes = (
    ((_SI, _T, _T_END, _SI_END), 1),
    ((_SI, _T + _ALONE, _SI_END), 0),
    ((_SI, _SI_END), 0),
    ((_SI + _ALONE,), 0),
)
_UNKNOWN = 255  # a shape that is none of these


class Odd(Exception):
    """The XML is not plain enough for this way; the caller takes the exact one."""


@dataclass
class Rows:
    """The cells of some rows that have a value or a formula, in the order of the file.

    `data` ends with words.PADDING. start, end: where the value stands in it. `odd`: numbers of the
    cells whose other fields are not to be trusted; their XML is data[cell_start:cell_end].
    """

    data: bytes
    row: NDArray[np.int64]
    column: NDArray[np.int64]
    style: NDArray[np.int64]
    type: NDArray[np.uint8]
    formula: NDArray[np.bool_]
    start: NDArray[np.int64]
    end: NDArray[np.int64]
    odd: NDArray[np.bool_]
    cell_start: NDArray[np.int64]
    cell_end: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.row)

    def only(self, keep: NDArray[np.bool_]) -> Rows:
        """The cells chosen by a mask."""
        fields = {name: value[keep] for name, value in vars(self).items() if name != "data"}
        return Rows(data=self.data, **fields)


def _kinds_of_starts() -> NDArray[np.uint8]:
    """Kind of a tag by its first two characters after "<"; end tags and longer names are checked after it."""
    table = np.zeros(1 << 16, np.uint8)
    for names, kind in (
        (("c ", "c>", "c/"), _C), (("v ", "v>", "v/"), _V), (("f ", "f>", "f/"), _F), (("t ", "t>", "t/"), _T),
        (("is",), _IS), (("ro",), _ROW), (("/c",), _C_END), (("/v",), _V_END), (("/f",), _F_END), (("/t",), _T_END),
        (("/i",), _IS_END), (("/r",), _ROW_END), (("si",), _SI), (("/s",), _SI_END),
    ):  # fmt: skip
        for name in names:
            table[int(words.word(name))] = kind
    return table


_STARTS = _kinds_of_starts()
# The whole beginning of a tag, where two characters are not enough to tell it.
_WHOLE = {
    _IS: ("is>",), _ROW: ("row ", "row>", "row/"), _C_END: ("/c>",), _V_END: ("/v>",), _F_END: ("/f>",),
    _T_END: ("/t>",), _IS_END: ("/is>",), _ROW_END: ("/row>",), _SI: ("si>", "si ", "si/"), _SI_END: ("/si>",),
}  # fmt: skip


def _tags(data: bytes, at: words.Words) -> tuple[words.Places, words.Places, NDArray[np.uint8]]:
    """(places of "<", places of their ">", kinds) of all tags."""
    characters = np.frombuffer(data, np.uint8)
    opens, closes = np.flatnonzero(characters == ord("<")), np.flatnonzero(characters == ord(">"))
    if not len(opens):
        return opens, opens, np.zeros(0, np.uint8)
    if len(closes) != len(opens) or not (np.all(closes > opens) and np.all(closes[:-1] < opens[1:])):
        # A bare ">" in a text or formula: the first one after each "<" ends the tag.
        place = np.searchsorted(closes, opens)
        if place[-1] >= len(closes):
            raise Odd
        closes = closes[place]
        if np.any(closes[:-1] > opens[1:]):
            raise Odd
    names = at[opens + 1]
    kinds = _STARTS[(names & _TWO).astype(np.uint16)]
    for kind, texts in _WHOLE.items():
        mine = np.flatnonzero(kinds == kind)
        if len(mine):
            good = np.zeros(len(mine), np.bool_)
            for text in texts:
                good |= (names[mine] & words.FIRST[len(text)]) == words.word(text)
            kinds[mine[~good]] = _NONE
    kinds[characters[closes - 1] == ord("/")] += _ALONE
    return opens, closes, kinds


@dataclass
class _Items:
    """Elements of one kind: numbers of their tags, of the tag of their value, of their last tag, their shape."""

    first: words.Places
    value: words.Places  # 0: no value
    last: words.Places
    shape: NDArray[np.uint8]


def _items(kinds: NDArray[np.uint8], element: int, end: int, shapes: Shapes, around: tuple[int, ...]) -> _Items:
    """All elements of a kind. Raises Odd unless they and the tags `around` them are all the tags there are."""
    count = len(kinds)
    padded = np.concatenate([kinds, np.zeros(8, np.uint8)])
    value, shape = np.zeros(count, np.uint8), np.full(count, _UNKNOWN, np.uint8)
    accounted = sum(int(np.count_nonzero(kinds == kind)) for kind in around)
    for number, (tags, value_tag) in enumerate(shapes):
        mine = kinds == tags[0]
        for place, kind in enumerate(tags[1:], start=1):
            mine &= padded[place : place + count] == kind
        if found := int(np.count_nonzero(mine)):
            accounted += found * len(tags)
            shape[mine] = number
            value[mine] = value_tag
    first = np.flatnonzero((kinds == element) | (kinds == element + _ALONE))
    shape = shape[first]
    lengths = np.zeros(256, np.int64)
    lengths[: len(shapes)] = [len(tags) - 1 for tags, _ in shapes]
    last = first + lengths[shape]
    unknown = np.flatnonzero(shape == _UNKNOWN)
    if len(unknown):
        ends = np.flatnonzero(kinds == end)
        at_end = np.searchsorted(ends, first[unknown])
        if at_end[-1] >= len(ends):
            raise Odd
        last[unknown] = ends[at_end]
        if np.any(last[:-1] >= first[1:]):
            raise Odd
        accounted += int(np.sum(last[unknown] - first[unknown] + 1))
    if accounted != count:
        raise Odd
    value_at = np.where(value[first] > 0, first + value[first], 0)
    return _Items(first, value_at, last, shape)


def scan(data: bytes) -> Rows:
    """The cells of whole rows. Raises Odd where the tags are not those of plain rows and cells."""
    data += bytes(words.PADDING)
    at = words.view(data)
    opens, closes, kinds = _tags(data, at)
    items = _items(kinds, _C, _C_END, _CELLS, (_ROW, _ROW_END, _ROW + _ALONE))
    keep = (items.value > 0) | (items.shape >= _FIRST_FORMULA)
    first, value, last, shape = (part[keep] for part in (items.first, items.value, items.last, items.shape))
    start, end = closes[value] + 1, opens[np.minimum(value + 1, max(len(opens) - 1, 0))]
    end = np.where(value > 0, end, start)
    row, column, style, kind, strange = _attributes(at, opens[first], closes[first])
    strange |= (shape == _UNKNOWN) | ((shape == _INLINE_SHAPE) & (kind != INLINE))
    formula = (kinds[np.minimum(first + 1, max(len(kinds) - 1, 0))] & (_ALONE - 1)) == _F
    return Rows(data, row, column, style, kind, formula, start, end, strange, opens[first], closes[last] + 1)


def scan_strings(data: bytes) -> Rows:
    """The same for shared strings, of which only data, start, end, odd, cell_start, cell_end mean anything."""
    data += bytes(words.PADDING)
    opens, closes, kinds = _tags(data, words.view(data))
    items = _items(kinds, _SI, _SI_END, _STRINGS, ())
    start, end = closes[items.value] + 1, opens[np.minimum(items.value + 1, max(len(opens) - 1, 0))]
    end = np.where(items.value > 0, end, start)
    nothing = np.zeros(len(start), np.int64)
    return Rows(
        data, nothing, nothing, nothing, nothing.astype(np.uint8), nothing > 0, start, end,
        items.shape == _UNKNOWN, opens[items.first], closes[items.last] + 1,
    )  # fmt: skip


def _attributes(
    at: words.Words, opens: words.Places, closes: words.Places
) -> tuple[words.Places, words.Places, words.Places, NDArray[np.uint8], NDArray[np.bool_]]:
    """(row, column, style, type, strange) of cell tags that begin `<c r="`, then s and t in any order."""
    first = at[opens + 2]
    strange = (first & _FOUR) != _R
    letters = [((first >> np.uint64(shift)) & np.uint64(255)).astype(np.int64) - 64 for shift in (32, 40, 48)]
    two = letters[1] > 0
    three = two & (letters[2] > 0)
    column = letters[0]
    column = np.where(two, column * 26 + letters[1], column)
    column = np.where(three, column * 26 + letters[2], column)
    strange |= (letters[0] < 1) | (letters[0] > 26) | (two & (letters[1] > 26)) | (three & (letters[2] > 26))
    place = opens + 7 + two + three
    digits = at[place]
    length = words.length_until_quote(digits)
    row, good = words.whole_numbers(digits, length)
    strange |= ~good | (length == 8) | (row < 1) | (row > MAX_ROW) | (column > MAX_COLUMN)
    place += length.astype(np.int64) + 1  # behind the quote
    style = np.zeros(len(opens), np.int64)
    kind = np.zeros(len(opens), np.uint8)
    place[strange] = closes[strange]
    for _ in range(2):
        active = np.flatnonzero(place != closes)
        if not len(active):
            break
        where = place[active]
        name = at[where] & _FOUR
        value = at[where + 4]
        length = words.length_until_quote(value)
        number, good = words.whole_numbers(value, length)
        is_style, is_type = (name == _S) & good & (length < 8), name == _TYPE
        style[active[is_style]] = number[is_style]
        types = np.full(len(active), 255, np.uint8)
        for text, code in _TYPES.items():
            types[(value & words.FIRST[len(text)]) == words.word(text)] = code
        inline = value == words.word("inlineSt")
        types[inline & ((at[where + 12] & _TWO) == words.word('r"'))] = INLINE
        kind[active[is_type]] = types[is_type]
        length = np.where(inline, np.uint64(9), length)
        known = is_style | (is_type & (types != 255))
        strange[active[~known]] = True
        place[active] = np.where(known, where + 5 + length.astype(np.int64), closes[active])
    strange |= place != closes
    return row.astype(np.int64), column, style, kind, strange
