"""Cell comments as package parts: comments XML and the VML drawing Excel shows them with.

Belongs here: building those two parts, or adding to those a sheet already has. Does not belong
here: linking them to the sheet (annotate.py).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from xml.sax.saxutils import escape

from connectors.excel.filetypes.cells import parse_address

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_COMMENT = re.compile(r'<comment\b[^>]*?\bref="([A-Z]+[0-9]+)"[^>]*>.*?</comment>', re.DOTALL)
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
AUTHOR = "Waterworks"


def new_comments(comments: Mapping[str, str], namespace: str = MAIN) -> str:
    """The comments part of a sheet without comments: {address: text}."""
    listed = "".join(_comment(address, text, 0) for address, text in comments.items())
    return (
        f'{_HEAD}<comments xmlns="{namespace}"><authors><author>{AUTHOR}</author></authors>'
        f"<commentList>{listed}</commentList></comments>"
    )


def merged_comments(existing: str, comments: Mapping[str, str]) -> tuple[str, list[str]]:
    """(the part with ours added, addresses that had no comment before). Ours follow a person's own text.

    Raises ValueError when the part is not built the usual way.
    """
    if "</commentList>" not in existing or "</authors>" not in existing:
        raise ValueError("comments without the usual elements")
    author = len(re.findall(r"<author\b", existing))
    have = {match[1] for match in _COMMENT.finditer(existing)}

    def extended(match: re.Match[str]) -> str:
        text = comments.get(match[1])
        if text is None:
            return match[0]
        # Plain text becomes a run of its own: with runs behind it, Excel shows only the runs.
        whole = re.sub(r"(<text[^>]*>)(<t[ >].*?</t>)", r"\1<r>\2</r>", match[0], count=1, flags=re.DOTALL)
        return whole.replace("</text>", f"{_run(chr(10) + text)}</text>", 1)

    existing = _COMMENT.sub(extended, existing)
    fresh = [address for address in comments if address not in have]
    listed = "".join(_comment(address, comments[address], author) for address in fresh)
    existing = existing.replace("</authors>", f"<author>{AUTHOR}</author></authors>", 1)
    return existing.replace("</commentList>", f"{listed}</commentList>", 1), fresh


def _comment(address: str, text: str, author: int) -> str:
    return f'<comment ref="{address}" authorId="{author}"><text>{_run(text)}</text></comment>'


def _run(text: str) -> str:
    return f'<r><t xml:space="preserve">{escape(xml_safe(text))}</t></r>'


def xml_safe(text: str) -> str:
    """Text without characters XML cannot hold."""
    return re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]", "", text)


def new_drawing(addresses: list[str], first_id: int) -> str:
    """The VML part with one hidden box per comment."""
    return (
        '<xml xmlns:v="urn:schemas-microsoft-com:vml" xmlns:o="urn:schemas-microsoft-com:office:office"'
        ' xmlns:x="urn:schemas-microsoft-com:office:excel">'
        '<v:shapetype id="_x0000_t202" coordsize="21600,21600" o:spt="202" path="m,l,21600r21600,l21600,xe">'
        '<v:stroke joinstyle="miter"/><v:path gradientshapeok="t" o:connecttype="rect"/></v:shapetype>'
        f"{''.join(_shape(address, first_id + place) for place, address in enumerate(addresses))}</xml>"
    )


def commented(existing: str) -> list[str]:
    """The cells that have a comment in this part."""
    return [match[1] for match in _COMMENT.finditer(existing)]


def merged_drawing(existing: str, addresses: list[str]) -> str:
    """The VML part with boxes added. Raises ValueError when it is not built the usual way."""
    place = existing.rfind("</xml>")
    if place < 0 or "urn:schemas-microsoft-com:vml" not in existing:
        raise ValueError("drawing without the usual elements")
    first_id = max((int(number) for number in re.findall(r'_x0000_s(\d{1,9})"', existing)), default=1024) + 1
    shapes = "".join(_shape(address, first_id + number, own=True) for number, address in enumerate(addresses))
    return existing[:place] + shapes + existing[place:]


def _shape(address: str, number: int, own: bool = False) -> str:
    place = parse_address(address)
    assert place is not None  # marks are checked before
    row, column = place[0] - 1, place[1] - 1
    # In a drawing that is not ours the shape type may have another id: say all that matters in the shape.
    names = (
        ' xmlns:v="urn:schemas-microsoft-com:vml" xmlns:o="urn:schemas-microsoft-com:office:office"'
        ' xmlns:x="urn:schemas-microsoft-com:office:excel"'
        if own
        else ""
    )
    return (
        f'<v:shape{names} id="_x0000_s{number}" type="#_x0000_t202" fillcolor="#ffffe1" o:insetmode="auto"'
        ' style="position:absolute;margin-left:60pt;margin-top:2pt;width:220pt;height:80pt;visibility:hidden">'
        '<v:fill color2="#ffffe1"/><v:shadow on="t" color="black" obscured="t"/><v:path o:connecttype="none"/>'
        '<v:textbox style="mso-direction-alt:auto"><div style="text-align:left"></div></v:textbox>'
        '<x:ClientData ObjectType="Note"><x:MoveWithCells/><x:SizeWithCells/>'
        f"<x:Anchor>{column + 1}, 15, {max(row - 1, 0)}, 2, {column + 4}, 31, {row + 5}, 1</x:Anchor>"
        f"<x:AutoFill>False</x:AutoFill><x:Row>{row}</x:Row><x:Column>{column}</x:Column></x:ClientData></v:shape>"
    )
