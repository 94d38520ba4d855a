"""Replies in the threads of comments that newer Excel shows instead of plain ones.

Belongs here: the two parts of threaded comments (MS-XLSX 2.1.17 and 2.1.18). Does not belong here:
plain comments (comments_patch.py). Where a cell has a thread, Excel shows nothing else of its comment.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from uuid import NAMESPACE_URL, uuid5
from xml.sax.saxutils import escape

from connectors.excel.marking.comments_patch import AUTHOR, xml_safe

NAMESPACE = "http://schemas.microsoft.com/office/spreadsheetml/2018/threadedcomments"
PERSON = "{" + str(uuid5(NAMESPACE_URL, "waterworks:comments")).upper() + "}"
_COMMENT = re.compile(r"<threadedComment\b[^>]*>")
_ATTRIBUTE = re.compile(r'\b(ref|id|parentId)="([^"]*)"')
_ENTRY = f'<person displayName="{AUTHOR}" id="{PERSON}" userId="{AUTHOR}" providerId="None"/>'


def with_replies(existing: str, comments: Mapping[str, str], moment: str) -> tuple[str, bool]:
    """(the threads with our text as a reply where the cell has one, whether there was any such cell).

    `moment`: like "2026-11-22T08:00:00.00". Raises ValueError when the part is not built the usual way.
    """
    if "</ThreadedComments>" not in existing:
        raise ValueError("threads without the usual elements")
    roots: dict[str, str] = {}
    for tag in _COMMENT.findall(existing):
        named = dict(_ATTRIBUTE.findall(tag))
        if "parentId" not in named and "ref" in named:
            roots[named["ref"]] = named.get("id", "")
    ours = {address: text for address, text in comments.items() if address in roots}
    replies = "".join(
        f'<threadedComment ref="{address}" dT="{moment}" personId="{PERSON}"'
        f' id="{_id(roots[address], moment)}" parentId="{roots[address]}"><text>{escape(xml_safe(text))}</text>'
        "</threadedComment>"
        for address, text in ours.items()
    )
    return existing.replace("</ThreadedComments>", f"{replies}</ThreadedComments>", 1), bool(ours)


def _id(root: str, moment: str) -> str:
    return "{" + str(uuid5(NAMESPACE_URL, f"{root}:{moment}")).upper() + "}"


def with_person(existing: str | None) -> str:
    """The list of people who comment, with us in it. Raises ValueError when it is not built the usual way."""
    if existing is None:
        head = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
        return f'{head}<personList xmlns="{NAMESPACE}">{_ENTRY}</personList>'
    if PERSON in existing:
        return existing
    if "</personList>" not in existing:
        raise ValueError("people without the usual elements")
    return existing.replace("</personList>", f"{_ENTRY}</personList>", 1)
