"""What a file's name alone says: a workbook, or something programs leave lying about.

Belongs here: names to skip and their reason. Does not belong here: looking into files (sniff.py),
which template a name belongs to (versions.py).
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from connectors.excel.safety.sniff import KIND_OF_EXTENSION
from schemas.problems import Problem

_LOCK = re.compile(r"^(~\$.*|\.~lock\..*#)$", re.DOTALL)
# Word's and Excel's own saves, browsers, copy tools, rsync, Windows' safe save ("A1B2C3D4" without extension).
_TEMPORARY = re.compile(
    r"^(~WR[DLAF]\d*\.tmp|.*\.(tmp|temp|part|partial|filepart|crdownload|download|opdownload|swp|!ut)|[0-9A-F]{8})$",
    re.IGNORECASE | re.DOTALL,
)
_SYSTEM = re.compile(r"^(thumbs\.db|ehthumbs\.db|desktop\.ini|\.ds_store|icon\r)$", re.IGNORECASE)
_SYSTEM_FOLDERS = {"$recycle.bin", "system volume information", "#recycle", "@eadir", "lost+found", "__macosx"}


def is_lock(path: str) -> bool:
    """Excel's "~$name" or LibreOffice's ".~lock.name#": someone has the workbook open."""
    return bool(_LOCK.match(PurePosixPath(path).name))


def is_hidden(path: str) -> bool:
    """Hidden, or the system's own (thumbs.db, recycle bins): nothing anybody needs to be told about."""
    parts = PurePosixPath(path).parts
    if is_lock(path):
        return any(part.startswith(".") for part in parts[:-1])
    folders = {part.lower() for part in parts[:-1]}
    return (
        any(part.startswith(".") for part in parts)
        or bool(_SYSTEM.match(parts[-1]))
        or not folders.isdisjoint(_SYSTEM_FOLDERS)
    )


def is_temporary(path: str) -> bool:
    """A name that programs give to a file they have not finished."""
    return bool(_TEMPORARY.match(PurePosixPath(path).name))


def is_table(path: str) -> bool:
    """Does the extension say workbook, CSV or text?"""
    return PurePosixPath(path).suffix.lower() in KIND_OF_EXTENSION and not is_temporary(path)


def why_skipped(path: str) -> Problem | None:
    """The reason not to look at a file at all, or None."""
    if is_lock(path):
        return Problem("workbook_lock_file", file=path)
    if is_temporary(path):
        return Problem("workbook_temporary_file", file=path)
    if not is_table(path):
        return Problem("workbook_not_a_table", file=path)
    return None
