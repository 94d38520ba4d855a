"""The folder in which fetched files are kept: originals by their content, and a note beside each receipt.

Belongs here: writing and listing that folder, so that a crash leaves either the whole file or none.
Does not belong here: fetching (imap.py, sftp.py), what was fetched already (hub/landing/receive.py).

    <home>/inbox/<system>/originals/<aa>/<sha256>   bytes as they came, never changed
    <home>/inbox/<system>/files/<id>.json           one receipt: name, origin, sha256
    <home>/inbox/<system>/partial/                  what is still on its way
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from connectors.excel.files.versions import Seen

_PROJECT = Path(__file__).resolve().parents[4]


@dataclass(frozen=True)
class Received:
    """One file that was fetched.

    id: the same for the same receipt, so that writing it twice is writing it once. input: name of the
    mailbox or SFTP folder. place: path inside it; for mail "<day> <sender>/<name>". modified_ns: when the
    sender's side says it was made. origin: {"kind": "mail", "sender", "subject", "date", "message_id"} or
    {"kind": "sftp", "host", "path"}.
    """

    id: str
    input: str
    place: str
    sha256: str
    size: int
    modified_ns: int
    by_name: bool
    origin: dict[str, Any]

    @property
    def path(self) -> str:
        return f"{self.input}/{self.place}"


def home_folder() -> Path:
    """WATERWORKS_HOME or <project>/.waterworks, as hub/settings.py says it (which stands above this room)."""
    return Path(os.environ.get("WATERWORKS_HOME") or _PROJECT / ".waterworks").resolve()


def receipt_id(*parts: str) -> str:
    """A name for a receipt that is the same whenever the same thing is received."""
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:40]


class Shelf:
    """The kept files of one system. Construction does no I/O."""

    def __init__(self, system: str, home: Path | None = None) -> None:
        self.folder = (home or home_folder()) / "inbox" / system

    @property
    def partial(self) -> Path:
        """A folder for downloads under way; the same file system as the originals, so moving is atomic."""
        folder = self.folder / "partial"
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def original(self, sha256: str) -> Path:
        return self.folder / "originals" / sha256[:2] / sha256

    def keep(self, chunks: Iterable[bytes]) -> tuple[str, int]:
        """(SHA-256, size) of the content, which now lies among the originals."""
        under_way = self.partial / f"{os.getpid()}-{secrets.token_hex(8)}"
        digest, size = hashlib.sha256(), 0
        try:
            with under_way.open("xb") as file:
                for chunk in chunks:
                    file.write(chunk)
                    digest.update(chunk)
                    size += len(chunk)
            return self.adopt(under_way, digest.hexdigest()), size
        finally:
            under_way.unlink(missing_ok=True)

    def adopt(self, finished: Path, sha256: str | None = None) -> str:
        """Move a finished file among the originals; returns its SHA-256."""
        with finished.open("rb") as file:
            sha256 = sha256 or hashlib.file_digest(file, "sha256").hexdigest()
            os.fsync(file.fileno())
        target = self.original(sha256)
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.exists():
            finished.unlink()
        else:
            finished.replace(target)
            target.chmod(0o440)
            _settle_folder(target.parent)
        return sha256

    def register(self, received: Received) -> None:
        """Write the receipt; only now is the file one of the system's."""
        folder = self.folder / "files"
        folder.mkdir(parents=True, exist_ok=True)
        under_way = self.partial / f"{os.getpid()}-{secrets.token_hex(8)}"
        with under_way.open("x", encoding="utf-8") as file:
            json.dump(asdict(received), file, ensure_ascii=False)
            file.flush()
            os.fsync(file.fileno())
        under_way.replace(folder / f"{received.id}.json")
        _settle_folder(folder)

    def received(self) -> Iterator[Received]:
        """Every receipt, by path, the newest of a path first."""
        folder = self.folder / "files"
        if not folder.is_dir():
            return
        items = [Received(**json.loads(path.read_text(encoding="utf-8"))) for path in folder.glob("*.json")]
        yield from sorted(items, key=lambda item: (item.path, -item.modified_ns, item.id))

    def files(self) -> list[Seen]:
        """The kept files as files of the system, each under a path of its own."""
        found: list[Seen] = []
        taken: set[str] = set()
        for item in self.received():
            path, number = item.path, 1
            while path in taken:  # an older version under the same path, or the same name sent twice that day
                number += 1
                path = f"{item.input} ({number})/{item.place}"
            taken.add(path)
            found.append(
                Seen(
                    path=path,
                    full=self.original(item.sha256),
                    size=item.size,
                    modified_ns=item.modified_ns,
                    place=item.place,
                    by_name=item.by_name,
                    origin=item.origin,
                    sha256=item.sha256,
                )
            )
        return found


def _settle_folder(folder: Path) -> None:
    """Make a rename survive a power cut, where the system lets folders be synced."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
