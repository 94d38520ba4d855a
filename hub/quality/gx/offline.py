"""Data Docs pages without anything from outside the plant.

Belongs here: rewriting one HTML page that GX rendered. Its scripts, styles, fonts and logos come
from six foreign hosts; they are taken out, and our own small stylesheet and script (static/) put
in. Not here: rendering (GX), where pages lie (`docs.py`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping as MappingABC
from functools import cache
from pathlib import Path

import yaml

STATIC = Path(__file__).with_name("static")
ASSETS = ("data_docs.css", "data_docs.js")

_DROPPED = [
    re.compile(pattern, re.DOTALL | re.IGNORECASE)
    for pattern in (r"<!--.*?-->", r"<script\b.*?</script\s*>", r"<style\b.*?</style\s*>", r"<footer\b.*?</footer\s*>")
]
_LINK = re.compile(r"<link\b[^>]*>", re.IGNORECASE)
_HANDLER = re.compile(r"\son\w+\s*=\s*(\"[^\"]*\"|'[^']*')", re.IGNORECASE)
_FOREIGN_IMAGE = re.compile(r"<img\b[^>]*\ssrc\s*=\s*[\"'](?:https?:)?//[^>]*>", re.DOTALL | re.IGNORECASE)
_FOREIGN_ANCHOR = re.compile(r"<a\b[^>]*\shref\s*=\s*[\"'](?:https?:)?//[^>]*>(.*?)</a\s*>", re.DOTALL | re.IGNORECASE)
_FOREIGN_ATTRIBUTE = re.compile(
    r"\s(?:src|href|srcset|action|data)\s*=\s*(\"(?:https?:)?//[^\"]*\"|'(?:https?:)?//[^']*')", re.IGNORECASE
)
_UNEXPECTED = re.compile(r"([\d,]+) unexpected values? found\.\s*([^<]*?%) of ([\d,]+) total rows\.")
# A rule that could not run is told in our own words; GX would add the name of its class and an empty traceback.
_EXCEPTION = re.compile(r"<span\b[^>]*>\s*expect_\w+\s*</span>\s*raised an exception:\s*<br\s*/?>")
_TRACEBACK = re.compile(r"<p\b[^>]*>\s*<a\b[^>]*>\s*Show exception traceback\.\.\.\s*</a>\s*</p>")
_RULE = re.compile(r"\s\((\w+\.\w+)\)(\s*</(?:span|p|li|div)\s*>)")
_FILLED = re.compile(r"([\d.≈]+%) not null")


@cache
def _chrome() -> dict[str, str]:
    """{GX's English heading: both languages}."""
    return yaml.safe_load((STATIC / "chrome.yaml").read_text(encoding="utf-8"))


def offline(html: str, root: str, notes: MappingABC[str, str] | None = None) -> str:
    """The page with local assets only; `root` is the relative way to the site's folder, "" or "../../".

    notes: {rule: HTML that is put below its description, which ends with the rule in parentheses}.
    """
    known = notes or {}
    for part in _DROPPED:
        html = part.sub("", html)
    html = _LINK.sub("", html)
    html = _HANDLER.sub("", html)
    html = _FOREIGN_IMAGE.sub("<strong>Waterworks Data Docs</strong>", html)
    html = _FOREIGN_ANCHOR.sub(r"\1", html)
    html = _FOREIGN_ATTRIBUTE.sub("", html)
    html = _UNEXPECTED.sub(r"\3 行中有 \1 行不符合（\2） / \1 of \3 rows fail (\2)", html)
    html = _TRACEBACK.sub("", _EXCEPTION.sub("", html))
    html = _FILLED.sub(r"\1 有值 / filled", html).replace("Data asset:", "数据集 / Dataset:")
    html = _RULE.sub(lambda at: f"{at[2]}{known[at[1]]}" if at[1] in known else at[0], html)
    for english, both in _chrome().items():
        html = re.sub(rf">(\s*){re.escape(english)}(\s*)<", rf">\g<1>{both}\g<2><", html)
    return html.replace("</head>", f"{head(root)}</head>", 1)


def head(root: str) -> str:
    """The tags that bring our stylesheet and script."""
    return (
        f'<link rel="stylesheet" href="{root}static/data_docs.css">\n'
        f'<script src="{root}static/data_docs.js" defer></script>\n'
    )
