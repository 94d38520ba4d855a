"""New cell styles in an existing styles.xml: a cell's own style with a coloured fill.

Belongs here: text surgery on styles.xml. Does not belong here: which cell gets which colour.
"""

from __future__ import annotations

import re

FILLS = {"error": "FFFFC7CE", "warning": "FFFFEB9C", "info": "FFDDEBF7"}
_XF = re.compile(r"<xf\b[^>]*?(?:/>|>.*?</xf>)", re.DOTALL)
_FILL_ATTRIBUTES = re.compile(r' (?:fillId|applyFill)="[^"]*"')


class StylesPatch:
    """Collects the styles that marks need; `text()` is the new part."""

    def __init__(self, styles: str) -> None:
        """Raises ValueError when the part is not built the usual way."""
        fills = re.search(r"<fills\b[^>]*>(.*?)</fills>", styles, re.DOTALL)
        cells = re.search(r"<cellXfs\b[^>]*>(.*?)</cellXfs>", styles, re.DOTALL)
        if fills is None or cells is None:
            raise ValueError("styles.xml without fills or cellXfs")
        self._styles, self._fills, self._cells = styles, fills, cells
        self._own = _XF.findall(cells[1])
        self._fill_count = len(re.findall(r"<fill\b[^>]*?(?:/>|>)", fills[1]))
        self._added: dict[tuple[int, str], str] = {}

    def style(self, own: int, severity: str) -> int:
        """The number of the style that is `own` in the colour of `severity`."""
        key = (own, severity)
        if key not in self._added:
            base = self._own[own] if own < len(self._own) else '<xf numFmtId="0" fontId="0" borderId="0"/>'
            fill = self._fill_count + list(FILLS).index(severity)
            start = _FILL_ATTRIBUTES.sub("", base[: base.index(">")])
            start = start.replace("<xf", f'<xf fillId="{fill}" applyFill="1"', 1)
            self._added[key] = start + base[base.index(">") :]
        return len(self._own) + list(self._added).index(key)

    def text(self) -> str:
        """styles.xml with the added fills and styles."""
        fills = "".join(
            f'<fill><patternFill patternType="solid"><fgColor rgb="{colour}"/></patternFill></fill>'
            for colour in FILLS.values()
        )
        fill_part = _with_count("fills", self._fills[0], self._fill_count + len(FILLS), fills)
        cell_part = _with_count(
            "cellXfs", self._cells[0], len(self._own) + len(self._added), "".join(self._added.values())
        )
        return self._styles.replace(self._fills[0], fill_part, 1).replace(self._cells[0], cell_part, 1)


def _with_count(tag: str, element: str, count: int, added: str) -> str:
    start, _, rest = element.partition(">")
    start = re.sub(r' count="[^"]*"', "", start) + f' count="{count}"'
    return f"{start}>{rest.removesuffix(f'</{tag}>')}{added}</{tag}>"
