"""Names as a person writes them in defs.yaml: what is quoted, what is qualified.

Belongs here: taking written names apart, pure functions. Does not belong here: finding them in a
database (`catalogue.py`), quoting them for a statement (SQLAlchemy's dialects do).

A name may hold blanks, dots, quotes, Chinese: `Order Details`, `客户 名称`. Only where a dot could also
separate a schema from a table, or a join from its column, quotes decide: `dbo.[Order.Details]`.
"""

from __future__ import annotations

import re
from collections.abc import Collection

_CLOSING = {"[": "]", '"': '"', "`": "`"}
_QUOTED = re.compile(r'\[(?:[^\]]|\]\])+\]|"(?:[^"]|"")+"|`(?:[^`]|``)+`')


def unquoted(name: str) -> str:
    """`[Order Details]` -> `Order Details`; a name that is not quoted as a whole stays as it is."""
    if not _QUOTED.fullmatch(name):
        return name
    closing = _CLOSING[name[0]]
    return name[1:-1].replace(closing * 2, closing)


def parts(name: str) -> tuple[str, ...]:
    """`dbo.[Order.Details]` -> ("dbo", "Order.Details"): split at the dots outside quotes."""
    found = []
    rest = name
    while rest:
        if quoted := _QUOTED.match(rest):
            end = quoted.end()
            if end == len(rest) or rest[end] == ".":
                found.append(unquoted(quoted.group()))
                rest = rest[end + 1 :]
                continue
        head, _, rest = rest.partition(".")
        found.append(head)
    return tuple(found)


def of_join(name: str, joins: Collection[str]) -> tuple[str, str]:
    """`head.FItemID` -> ("head", "FItemID") if a join is called so, else ("", the name itself)."""
    found = parts(name)
    if len(found) > 1 and found[0] in joins:
        return found[0], found[1] if len(found) == 2 else name.partition(".")[2]
    return "", name
