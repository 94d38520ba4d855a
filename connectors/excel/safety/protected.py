"""Workbooks with an opening password: a readable copy, made in the child process.

Belongs here: Office encryption (agile, standard, RC4, RC4 CryptoAPI, XOR; by msoffcrypto) and that of
OpenDocument. Does not belong here: where passwords come from (they arrive with the request on standard
input, and are never written down). The copy lies in the child's own folder, which ends with the read.
"""

from __future__ import annotations

import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from schemas.problems import Problem

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_BUILT_IN = "VelvetSweatshop"  # Excel locks "write-protected" workbooks with it and opens them without asking


def opened(path: Path, shown_name: str, folder: Path, passwords: Sequence[str] = ()) -> Path:
    """A decrypted copy in `folder`, or `path` itself if it is not protected.

    Raises Problem `workbook_password` (no password is known), `workbook_password_wrong` (none of them
    fits), `workbook_password_kind` (a way of locking that cannot be opened here).
    """
    try:
        with path.open("rb") as file:
            start = file.read(8)
    except OSError:
        return path  # the reader says so in its own sentence
    if start == _OLE:
        return _office(path, shown_name, folder, passwords)
    if start.startswith(b"PK"):
        from connectors.excel.safety import protected_ods

        entries = protected_ods.locked_entries(path)
        if entries:
            return _open_document(path, shown_name, folder, passwords, entries)
    return path


def _office(path: Path, shown_name: str, folder: Path, passwords: Sequence[str]) -> Path:
    import msoffcrypto
    from msoffcrypto.exceptions import InvalidKeyError

    try:
        with path.open("rb") as locked:
            office = msoffcrypto.OfficeFile(locked)
            if not office.is_encrypted():
                return path
    except Exception as error:  # noqa: BLE001 - that library raises many kinds; the reader after it says what is wrong
        print(f"not looked into for encryption: {type(error).__name__}", file=sys.stderr)
        return path
    reason = ""
    for number, password in enumerate((_BUILT_IN, *passwords)):
        target = folder / f"opened{number}"
        try:
            with path.open("rb") as locked, target.open("wb") as copy:
                office = msoffcrypto.OfficeFile(locked)
                office.load_key(**_key(office, password))
                office.decrypt(copy)
        except InvalidKeyError:
            continue
        except MemoryError:
            raise  # the child's limit; that has its own sentence
        except Exception as error:  # noqa: BLE001 - as above; the class alone, since a message may quote what was tried
            reason = type(error).__name__
        else:
            if target.stat().st_size and _makes_sense(target):
                return target
    if reason:
        raise Problem("workbook_password_kind", file=shown_name, reason=reason)
    raise refused(shown_name, len(passwords))


def _key(office: Any, password: str) -> dict[str, Any]:
    """Arguments of load_key: packages are checked at once, so that a wrong password costs no decryption."""
    from msoffcrypto.format.ooxml import OOXMLFile

    return {"password": password} | ({"verify_password": True} if isinstance(office, OOXMLFile) else {})


def _makes_sense(copy: Path) -> bool:
    """A wrong password that the check let through gives noise instead of a package or OLE file."""
    with copy.open("rb") as file:
        start = file.read(8)
    return start == _OLE or (start.startswith(b"PK") and zipfile.is_zipfile(copy))


def _open_document(
    path: Path, shown_name: str, folder: Path, passwords: Sequence[str], entries: Sequence[object]
) -> Path:
    from connectors.excel.safety import protected_ods

    target = folder / "opened.ods"
    for password in passwords:
        try:
            if protected_ods.decrypt(path, entries, password, target):  # type: ignore[arg-type]
                return target
        except protected_ods.Unsupported as error:
            raise Problem("workbook_password_kind", file=shown_name, reason=str(error)) from error
    raise refused(shown_name, len(passwords))


def refused(shown_name: str, tried: int) -> Problem:
    """No password is known, or none of those known fits."""
    if tried:
        return Problem("workbook_password_wrong", file=shown_name, tried=tried)
    return Problem("workbook_password", file=shown_name)
