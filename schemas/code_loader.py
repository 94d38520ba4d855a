"""Code lists: schemas/codes/<name>.yaml -> CodeList.

Belongs here: reading and checking code lists. Does not belong here: bringing values to a code
(hub/cleansing).
"""

from __future__ import annotations

import unicodedata
from pathlib import Path

from schemas.fields import Fields
from schemas.model import Code, CodeList
from schemas.yaml_lines import load_document


def fold(spelling: str) -> str:
    """The form in which two spellings of a code count as the same: NFKC, no blanks, no case."""
    return "".join(unicodedata.normalize("NFKC", spelling).split()).casefold()


def read_code_list(path: Path) -> CodeList:
    """One file {title, codes: [{code, title, aliases, attributes}]}.

    Raises Problem if the shape is wrong or a spelling belongs to two codes.
    """
    fields = Fields(load_document(path))
    fields.only({"title", "codes"})
    owner_of: dict[str, str] = {}
    codes: list[Code] = []
    for entry in fields.children("codes"):
        entry.only({"code", "title", "aliases", "attributes"})
        code = Code(
            code=entry.text("code"),
            title=entry.both("title"),
            aliases=entry.texts("aliases"),
            attributes=entry.child("attributes").data if "attributes" in entry else {},
        )
        if any(known.code == code.code for known in codes):
            entry.fail_at("schema_twice", "code", key="code", value=code.code)
        for spelling in (code.code, code.title.zh, code.title.en, *code.aliases):
            other = owner_of.setdefault(fold(spelling), code.code)
            if other != code.code:
                entry.fail_at("code_alias_twice", "aliases", alias=spelling, code=code.code, other=other)
        codes.append(code)
    return CodeList(name=path.stem, title=fields.both("title"), codes=tuple(codes))
