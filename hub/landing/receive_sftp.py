"""One look into an SFTP folder: files that are new or changed, and whole, are fetched.

Belongs here: which files to fetch, and the memory of them. Not here: SFTP itself
(connectors/excel/files/inbox/sftp.py).
"""

from __future__ import annotations

import time
from typing import Any

import psycopg

from connectors.config import SystemConfig
from connectors.excel.config import SftpConfig
from connectors.excel.files.folder import has_end
from connectors.excel.files.inbox.sftp import Remote, Sftp
from connectors.excel.files.inbox.sftp import account as sftp_account
from connectors.excel.files.inbox.shelf import Received, receipt_id
from connectors.excel.files.versions import Seen
from hub.landing.crash import reach
from hub.landing.receive_input import Fetched, Input
from schemas.problems import Problem


class Files(Input):
    """One look into an SFTP folder."""

    def __init__(
        self, connection: psycopg.Connection[Any], system: SystemConfig, config: SftpConfig, fetched: Fetched
    ) -> None:
        super().__init__(connection, system, config.name, fetched)
        self.config = config

    def run(self) -> None:
        first: Problem | None = None
        known = self._known()
        seen_before = self.position().get("seen", {})
        seen: dict[str, list[float]] = {}
        with Sftp(self.config, sftp_account(self.system, self.config)) as server:
            for file in server.files():
                if known.get(file.path) == (file.size, file.modified):
                    continue
                before = seen_before.get(file.path)
                since = before[2] if before and before[:2] == [file.size, file.modified] else time.time()
                seen[file.path] = [file.size, file.modified, since]
                try:
                    if not self._is_quiet(file, since) or not self._take(server, file):
                        self.fetched.waiting += 1
                        continue
                except Problem as problem:
                    if problem.code in ("sftp_unreachable", "sftp_host_key"):
                        raise
                    first = first or problem
                    continue
                del seen[file.path]
        self.move({"seen": seen})
        if first is not None:
            raise first

    def _is_quiet(self, file: Remote, since: float) -> bool:
        """Unchanged for so long by the server's clock, or seen unchanged for so long by ours."""
        quiet = self.config.quiet_seconds
        now = time.time()
        return (file.modified <= now and now - file.modified >= quiet) or now - since >= max(quiet, 1)

    def _take(self, server: Sftp, file: Remote) -> bool:
        """Fetch one file and put it on record; False if its end has not been uploaded yet."""
        if file.size > self.config.max_mb << 20:
            raise Problem("sftp_too_large", path=file.path, mb=file.size >> 20, limit_mb=self.config.max_mb)
        partial = self.shelf.partial / f"{receipt_id(self.name, file.path, str(file.size), str(file.modified))}.part"
        server.fetch(file, partial)
        if not has_end(Seen(file.path, partial, file.size, file.modified)):
            partial.unlink()
            return False
        sha256 = self.shelf.adopt(partial)
        reach("kept")
        received = Received(
            id=receipt_id(self.system, self.name, file.path, sha256),
            input=self.name,
            place=file.path,
            sha256=sha256,
            size=file.size,
            modified_ns=file.modified * 1_000_000_000,
            by_name=False,
            origin={
                "kind": "sftp",
                "host": server.account.host,
                "path": file.path,
                "size": file.size,
                "modified": file.modified,
            },
        )
        self.shelf.register(received)
        with self.connection.transaction():
            self.connection.execute(
                "delete from ops.received_file where system = %s and id = %s", (self.system, received.id)
            )
            self.note(received)
        reach("noted")
        self.fetched.files += 1
        return True

    def _known(self) -> dict[str, tuple[int, int]]:
        """{path: (size, seconds)} of the newest fetched version of each file."""
        rows = self.connection.execute(
            """select distinct on (origin ->> 'path') origin ->> 'path', (origin ->> 'size')::bigint,
                 (origin ->> 'modified')::bigint
               from ops.received_file where system = %s and input = %s order by 1, received_at desc""",
            (self.system, self.name),
        ).fetchall()
        return {path: (size, modified) for path, size, modified in rows}
