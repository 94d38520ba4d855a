"""Text columns as they are meant: encoding repaired, NULs replaced, padding cut where asked for.

Belongs here: Arrow text columns. Does not belong here: single texts (`encodings.py`), types (`values.py`).
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from connectors.erp.database.catalogue import SourceColumn
from connectors.erp.database.encodings import meant, suspected
from connectors.erp.database.remarks import Remarks

# PostgreSQL, the store, takes no NUL in a text: its visible sign stands in its place.
NUL, NUL_SIGN = "\x00", "␀"
_SAMPLE = 500


def as_meant(array: pa.ChunkedArray, column: SourceColumn, name: str, remarks: Remarks) -> pa.ChunkedArray:
    """The texts of a column; what was changed without being asked for is remarked under `name`."""
    if column.transit != "bytes":
        array = _decoded(array, column, name, remarks)
    with_nul = pc.match_substring(array, NUL)
    if count := pc.sum(with_nul).as_py():
        remarks.nul(name, count, array.filter(with_nul)[0].as_py())
        array = pc.replace_substring(array, NUL, NUL_SIGN)
    if column.blank_is_null:
        trimmed = pc.utf8_rtrim_whitespace(array)
        array = pc.if_else(pc.equal(trimmed, ""), pa.scalar(None, pa.string()), trimmed)
    return array


def _decoded(array: pa.ChunkedArray, column: SourceColumn, name: str, remarks: Remarks) -> pa.ChunkedArray:
    plain = pc.string_is_ascii(array)
    if pc.all(plain).as_py() is not False:
        return array
    if column.encoding is None:
        if column.form == "plain":
            _suspect(array, plain, name, remarks)
        return array
    known: dict[str, str | None] = {}
    wrong: list[str] = []
    texts = array.to_pylist()
    for index, is_plain in enumerate(plain.to_pylist()):
        if is_plain is not False:
            continue
        text = texts[index]
        if text not in known:
            known[text] = meant(text, column.encoding)
        repaired = known[text]
        if repaired is None:
            wrong.append(text)
        else:
            texts[index] = repaired
    if wrong:
        remarks.not_in_encoding(name, len(wrong), wrong[0], column.encoding)
    return pa.chunked_array([pa.array(texts, pa.string())])


def _suspect(array: pa.ChunkedArray, plain: pa.ChunkedArray, name: str, remarks: Remarks) -> None:
    """Look at the first texts only, once per column: enough to warn."""
    if ("erp_text_suspicious", name) in remarks.found:
        return
    sample = array.filter(pc.invert(plain)).slice(0, _SAMPLE).to_pylist()
    if (encoding := suspected(sample)) is not None:
        example = next(text for text in sample if text)
        remarks.suspected(name, len(sample), f"{example} = {meant(example, encoding) or '?'}", encoding)
