"""Looking into a watched folder, which may be a share that is slow, half readable or gone.

Belongs here: listing with a time limit, waiting until a file is completely copied. Does not belong
here: which file counts (versions.py), reading workbooks. Shares give no notice of changes (inotify sees
nothing of what other machines do), so a folder is looked at again and again.
"""

from __future__ import annotations

import errno
import os
import re
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from connectors.excel.config import SettleConfig
from connectors.excel.files.versions import Seen
from schemas.problems import Problem

LIST_SECONDS = 60.0  # a share that does not answer within this is told instead of waited for
_LONG_QUIET = 600.0  # after so many seconds without a change nobody is copying any more
_WATCH_SECONDS = 0.4
_TAIL = 65_557  # the end record of a zip stands within the last 64 kB and 22 bytes
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_UNC = re.compile(r"^(\\\\|smb://|nfs://|cifs://|afp://)", re.IGNORECASE)
_GONE = {errno.ENOENT, errno.ENOTDIR, errno.ENODEV, errno.EHOSTDOWN, errno.ENOTCONN, errno.ESTALE, errno.EIO}
Result = TypeVar("Result")


@dataclass(frozen=True)
class Listing:
    """files: every file found. closed: folders below that may not be looked into."""

    files: tuple[Seen, ...]
    closed: tuple[Problem, ...]


def list_folder(folder: Path, input_name: str = "", seconds: float = LIST_SECONDS) -> Listing:
    """Every file below the folder, sorted by path; links that lead out of it are left out.

    `input_name` stands before the paths of a folder that is not the system's only one.
    Raises Problem `workbook_folder_missing`, `workbook_folder_denied`, `workbook_folder_timeout`,
    `workbook_folder_not_mounted`.
    """
    if os.name != "nt" and _UNC.match(str(folder)):
        raise Problem("workbook_folder_not_mounted", folder=str(folder))
    return within(seconds, lambda: _walk(folder, input_name), str(folder))


_hanging: dict[str, threading.Thread] = {}


def within(seconds: float, work: Callable[[], Result], folder: str, code: str = "workbook_folder_timeout") -> Result:
    """The result of `work`, or the Problem `code` after so many seconds.

    A call into a dead share cannot be ended from outside; its thread is left behind, and as long as it
    hangs nobody starts another one on the same folder.
    """
    earlier = _hanging.get(folder)
    if earlier is not None and earlier.is_alive():
        raise Problem(code, folder=folder, seconds=f"{seconds:g}")
    answer: list[Result] = []
    failed: list[BaseException] = []

    def run() -> None:
        try:
            answer.append(work())
        except BaseException as error:  # noqa: BLE001 - raised again in the caller's thread
            failed.append(error)

    thread = threading.Thread(target=run, daemon=True, name=f"list {folder}")
    thread.start()
    thread.join(seconds)
    if thread.is_alive():
        _hanging[folder] = thread
        raise Problem(code, folder=folder, seconds=f"{seconds:g}")
    _hanging.pop(folder, None)
    if failed:
        raise failed[0]
    return answer[0]


def _walk(folder: Path, input_name: str) -> Listing:
    try:
        root = folder.resolve(strict=True)
        os.scandir(root).close()
    except OSError as error:
        raise _unusable(folder, error) from error
    found: list[Seen] = []
    closed: list[Problem] = []

    def refused(error: OSError) -> None:
        path = Path(error.filename or root)
        if path == root:
            raise _unusable(folder, error)
        if error.errno not in _GONE:  # gone between listing and looking is no news
            shown = _shown(path.relative_to(root).as_posix(), input_name)
            closed.append(Problem("workbook_subfolder_denied", file=shown, reason=error.strerror or str(error)))

    for parent, folders, files in os.walk(root, onerror=refused):
        folders.sort()
        for name in sorted(files):
            full = Path(parent, name)
            try:
                if full.is_symlink() and not full.resolve(strict=True).is_relative_to(root):
                    continue
                status = full.stat()
            except OSError:  # a link to nowhere, or a file that was moved away just now
                continue
            place = full.relative_to(root).as_posix()
            found.append(Seen(_shown(place, input_name), full, status.st_size, status.st_mtime_ns, place))
    return Listing(tuple(found), tuple(closed))


def _shown(place: str, input_name: str) -> str:
    return f"{input_name}/{place}" if input_name else place


def _unusable(folder: Path, error: OSError) -> Problem:
    if error.errno in (errno.EACCES, errno.EPERM):
        return Problem("workbook_folder_denied", folder=str(folder), reason=error.strerror or str(error))
    return Problem("workbook_folder_missing", folder=str(folder))


def settled(file: Seen, settle: SettleConfig) -> Seen:
    """The file once it is completely there, with its size and time of then.

    Complete: nothing changed for `quiet_seconds` (as we see it: clocks of shares are often wrong), nobody
    has it open for writing where the system can tell, and its end is there.
    Raises Problem `workbook_changing`, `workbook_cut_off`, `workbook_missing`, `workbook_open_denied`.
    """
    began = time.monotonic()
    age = time.time() - file.modified_ns / 1e9
    quiet_since = began - age if age > 0 else began
    while True:
        now = _stat(file)
        if (now.st_size, now.st_mtime_ns) != (file.size, file.modified_ns):
            file = Seen(
                file.path, file.full, now.st_size, now.st_mtime_ns, file.place, file.by_name, file.origin, file.sha256
            )
            quiet_since = time.monotonic()
        waited = time.monotonic() - began
        quiet = time.monotonic() - quiet_since
        # A workbook that stays open in Excel on a share of this machine is "being written" all day.
        if quiet >= settle.quiet_seconds and (quiet > _LONG_QUIET or not being_written(file.full)):
            if has_end(file):
                return file
            if waited >= settle.wait_seconds or quiet > _LONG_QUIET:
                raise Problem("workbook_cut_off", file=file.path, size=file.size)
        if waited >= settle.wait_seconds:
            raise Problem("workbook_changing", file=file.path, seconds=round(waited))
        time.sleep(min(0.5, max(0.05, settle.wait_seconds - waited)))


def _stat(file: Seen) -> os.stat_result:
    try:
        return file.full.stat()
    except OSError as error:
        raise Problem("workbook_missing", file=file.path, reason=error.strerror or str(error)) from error


def being_written(path: Path) -> bool:
    """Whether some process has the file open for writing, as far as the system tells.

    Linux grants a read lease only on files nobody writes; Windows refuses to open what a copy still
    holds. Shares and other people's files give no answer, and then only size and time are left.
    """
    if os.name == "nt":
        try:
            path.open("rb").close()
        except PermissionError as error:
            return getattr(error, "winerror", None) == 32  # ERROR_SHARING_VIOLATION
        except OSError:
            return False
        return False
    import fcntl

    if not hasattr(fcntl, "F_SETLEASE"):
        return False
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except OSError:
        return False  # reading it says so in its own sentence
    try:
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    except OSError as error:
        return error.errno in (errno.EAGAIN, errno.EACCES) and _ours(descriptor)
    finally:
        os.close(descriptor)
    return False


def _ours(descriptor: int) -> bool:
    """Leases on files of other owners are refused whoever writes them."""
    return os.geteuid() in (0, os.fstat(descriptor).st_uid)


def has_end(file: Seen) -> bool:
    """False for a package without its end record or an OLE file shorter than its own tables say.

    Raises Problem `workbook_open_denied`, `workbook_missing`.
    """
    try:
        with file.full.open("rb") as opened:
            start = opened.read(512)
            if start.startswith(b"PK\x03\x04"):
                opened.seek(max(0, file.size - _TAIL))
                return b"PK\x05\x06" in opened.read(_TAIL)
    except PermissionError as error:
        raise Problem("workbook_open_denied", file=file.path, reason=error.strerror or str(error)) from error
    except OSError as error:
        raise Problem("workbook_missing", file=file.path, reason=error.strerror or str(error)) from error
    if start.startswith(_OLE) and len(start) == 512:
        sector = 1 << min(int.from_bytes(start[30:32], "little"), 20)
        tables = [int.from_bytes(start[at : at + 4], "little") for at in (48, *range(76, 512, 4))]
        last = max((table for table in tables if table < 0xFFFFFFFA), default=0)
        return file.size >= (last + 1) * sector
    return True


def watch(files: Sequence[Seen], settle: SettleConfig) -> None:
    """Let a moment pass if any file was changed just now, so that a second look tells whether it still grows."""
    now = time.time()
    if any(abs(now - file.modified_ns / 1e9) < settle.quiet_seconds for file in files if file.sha256 is None):
        time.sleep(min(_WATCH_SECONDS, settle.quiet_seconds))


def unsettled(file: Seen, settle: SettleConfig) -> Problem | None:
    """One look without waiting: why the file does not count as completely copied, or None.

    Raises Problem `workbook_open_denied`, `workbook_missing`.
    """
    now = _stat(file)
    age = time.time() - now.st_mtime
    if (now.st_size, now.st_mtime_ns) != (file.size, file.modified_ns):
        return Problem("workbook_changing", file=file.path, seconds=0)
    if age < _LONG_QUIET and being_written(file.full):
        return Problem("workbook_changing", file=file.path, seconds=0)
    if not has_end(file):
        if age > settle.wait_seconds:
            return Problem("workbook_cut_off", file=file.path, size=file.size)
        return Problem("workbook_changing", file=file.path, seconds=0)
    return None
