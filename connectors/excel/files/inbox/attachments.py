"""The tables inside one mail: attachments, those of nested mails, those inside .zip attachments.

Belongs here: taking a message apart within limits. Does not belong here: fetching it (imap.py), opening
workbooks. Whatever is handed over is bytes and a name; nothing here looks into a workbook.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message
from pathlib import PurePosixPath

from connectors.excel.files import names
from connectors.excel.files.inbox.wording import file_name, plain_bytes, safe_name
from connectors.excel.safety.sniff import KIND_OF_EXTENSION
from schemas.problems import Problem

MAX_DEPTH = 8  # mails inside mails, archives inside mails
MAX_PARTS = 500
MAX_ENTRIES = 300
MAX_UNPACKED = 400 << 20
MAX_RATIO = 300  # more than any workbook or CSV reaches
_CHUNK = 1 << 20
_ZIP_KINDS = (".zip",)
_OTHER_ARCHIVES = (".rar", ".7z", ".gz", ".tgz", ".tar", ".bz2", ".xz", ".z")
_TNEF = {"application/ms-tnef", "application/vnd.ms-tnef"}
_BY_TYPE = {
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": ".xlsx",
    "application/vnd.ms-excel": ".xls",
    "application/vnd.ms-excel.sheet.macroenabled.12": ".xlsm",
    "application/vnd.ms-excel.sheet.binary.macroenabled.12": ".xlsb",
    "application/vnd.oasis.opendocument.spreadsheet": ".ods",
    "text/csv": ".csv",
}


@dataclass(frozen=True)
class Table:
    """A file to keep. chunks: its bytes, each time from the start; may raise Problem when a limit is met."""

    name: str
    chunks: Callable[[], Iterator[bytes]]


@dataclass
class Unpacked:
    """What was found in a message, and what could not be taken."""

    tables: list[Table] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    parts: int = 0


def unpack(raw: bytes, shown: str, passwords: Sequence[str] = ()) -> Unpacked:
    """The tables of one message. `shown`: how the message is named in sentences."""
    found = Unpacked()
    try:
        _message(message_from_bytes(raw), shown, passwords, found, 0)
    except RecursionError:
        found.problems.append(Problem("mail_too_deep", mail=shown))
    except Exception as error:  # noqa: BLE001 - one odd mail must not keep all later ones from being taken
        reason = f"{type(error).__name__}: {error}"[:200]
        found.problems.append(Problem("mail_damaged", mail=shown, reason=reason))
    return found


def _message(message: Message, shown: str, passwords: Sequence[str], found: Unpacked, depth: int) -> None:
    waiting = [(message, depth)]
    while waiting:
        part, depth = waiting.pop()
        found.parts += 1
        if depth > MAX_DEPTH or found.parts > MAX_PARTS:
            found.problems.append(Problem("mail_too_deep", mail=shown))
            return
        payload = part.get_payload()
        if isinstance(payload, list):  # multipart, or message/rfc822 with the nested message in it
            inner = depth + (part.get_content_maintype() == "message")
            waiting += [(child, inner) for child in reversed(payload) if isinstance(child, Message)]
            continue
        _leaf(part, shown, passwords, found, depth)


def _leaf(part: Message, shown: str, passwords: Sequence[str], found: Unpacked, depth: int) -> None:
    name, kind = file_name(part), part.get_content_type()
    if kind in _TNEF or name.lower() == "winmail.dat":
        found.problems.append(Problem("mail_tnef", mail=shown))
        return
    if not name and kind in _BY_TYPE and part.get_content_disposition() is not None:
        name = f"attachment{_BY_TYPE[kind]}"
    extension = PurePosixPath(name).suffix.lower()
    if name and kind in _BY_TYPE and extension not in KIND_OF_EXTENSION and extension not in _ZIP_KINDS:
        name, extension = name + _BY_TYPE[kind], _BY_TYPE[kind]
    if extension == ".eml":
        data = _payload(part)
        _message(message_from_bytes(data), shown, passwords, found, depth + 1)
    elif extension in _ZIP_KINDS:
        _archive(_payload(part), name, shown, passwords, found, depth)
    elif extension in _OTHER_ARCHIVES:
        found.problems.append(Problem("mail_archive_kind", mail=shown, file=name))
    elif _wanted(name):
        data = _payload(part)
        found.tables.append(Table(name, lambda: iter((data,))))


def _wanted(name: str) -> bool:
    return names.is_table(name) and not names.is_lock(name) and not names.is_hidden(name)


def _payload(part: Message) -> bytes:
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""


def _archive(data: bytes, name: str, shown: str, passwords: Sequence[str], found: Unpacked, depth: int) -> None:
    where = {"mail": shown, "file": name}
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
        entries = [entry for entry in archive.infolist() if not entry.is_dir()]
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError, EOFError) as error:
        found.problems.append(Problem("mail_zip_damaged", **where, reason=str(error)[:100] or "zip"))
        return
    if len(entries) > MAX_ENTRIES or sum(entry.file_size for entry in entries) > MAX_UNPACKED:
        found.problems.append(Problem("mail_zip_too_big", **where, entries=MAX_ENTRIES, mb=MAX_UNPACKED >> 20))
        return
    for entry in entries:
        inner = entry_name(entry)
        if PurePosixPath(inner).suffix.lower() in (*_ZIP_KINDS, *_OTHER_ARCHIVES):
            found.problems.append(Problem("mail_archive_kind", mail=shown, file=f"{name}/{inner}"))
        elif _in_hidden_folder(entry) or not _wanted(inner):
            continue
        elif entry.file_size > MAX_RATIO * max(entry.compress_size, 1) and entry.file_size > _CHUNK:
            found.problems.append(Problem("mail_zip_too_big", **where, entries=MAX_ENTRIES, mb=MAX_UNPACKED >> 20))
        else:
            try:
                password = _password(archive, entry, passwords)
            except Problem as problem:
                found.problems.append(Problem(problem.code, **(problem.params | where)))
                continue
            found.tables.append(Table(inner, _reader(archive, entry, password, where)))


def _in_hidden_folder(entry: zipfile.ZipInfo) -> bool:
    parts = [part for part in plain_name(entry).replace("\\", "/").split("/") if part.strip(". ")]
    return names.is_hidden("/".join(parts))


def _password(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, passwords: Sequence[str]) -> bytes | None:
    """The password that opens the entry, None if it needs none. Raises Problem `mail_zip_password`."""
    if not entry.flag_bits & 0x1:
        return None
    for password in passwords:
        for encoding in ("utf-8", "gb18030"):
            try:
                secret = password.encode(encoding)
                with archive.open(entry, pwd=secret) as opened:
                    while opened.read(_CHUNK):  # the check byte lets one wrong password in 256 through; the CRC none
                        continue
                return secret
            except (RuntimeError, NotImplementedError, zipfile.BadZipFile, zlib.error, EOFError):
                continue
    raise Problem("mail_zip_password", file="", mail="")


def _reader(
    archive: zipfile.ZipFile, entry: zipfile.ZipInfo, password: bytes | None, where: dict[str, str]
) -> Callable[[], Iterator[bytes]]:
    def chunks() -> Iterator[bytes]:
        size = 0
        try:
            with archive.open(entry, pwd=password) as opened:
                while chunk := opened.read(_CHUNK):
                    size += len(chunk)
                    if size > entry.file_size or size > MAX_UNPACKED:
                        raise Problem("mail_zip_too_big", **where, entries=MAX_ENTRIES, mb=MAX_UNPACKED >> 20)
                    yield chunk
        except (zipfile.BadZipFile, zlib.error, OSError, EOFError, RuntimeError, NotImplementedError) as error:
            raise Problem("mail_zip_damaged", **where, reason=str(error)[:100] or "zip") from error

    return chunks


def plain_name(entry: zipfile.ZipInfo) -> str:
    """The entry's path: UTF-8 if it says so (flag or Info-ZIP extra field), else whatever its bytes are."""
    extra, at = entry.extra, 0
    while at + 4 <= len(extra):
        kind, length = int.from_bytes(extra[at : at + 2], "little"), int.from_bytes(extra[at + 2 : at + 4], "little")
        if kind == 0x7075 and length > 5:
            return extra[at + 9 : at + 4 + length].decode("utf-8", "replace")
        at += 4 + length
    if entry.flag_bits & 0x800:
        return entry.filename
    try:
        return plain_bytes(entry.orig_filename.encode("cp437"))
    except UnicodeEncodeError:
        return entry.filename


def entry_name(entry: zipfile.ZipInfo) -> str:
    """The entry's name without folders."""
    return safe_name(plain_name(entry))
