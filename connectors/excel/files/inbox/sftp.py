"""A folder on an SFTP server: what lies in it, and one file fetched so that it is whole or not there.

Belongs here: the protocol, the host key, resuming, errors as sentences. Does not belong here: which
files were fetched already (hub/landing/receive.py).
"""

from __future__ import annotations

import base64
import hashlib
import socket
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self, TypeVar

from connectors.config import environment_value
from connectors.excel.config import SftpConfig
from connectors.excel.files import names
from connectors.excel.files.inbox.wording import plain_bytes
from schemas.problems import Problem

if TYPE_CHECKING:
    import paramiko

TIMEOUT = 30.0
MAX_DEPTH = 12
MAX_FILES = 50_000
_CHUNK = 1 << 18
_SAME_KEY = {"ssh-rsa": ("rsa-sha2-512", "rsa-sha2-256", "ssh-rsa")}  # one key, three ways to sign with it
Result = TypeVar("Result")


@dataclass(frozen=True)
class Account:
    """Where and as whom; read from the environment when the server is asked."""

    host: str
    user: str
    password: str | None
    key_file: str | None
    key_password: str | None

    def __repr__(self) -> str:
        return f"Account({self.user}@{self.host})"


@dataclass(frozen=True)
class Remote:
    """One file: path below the configured folder, its name for the server, size, seconds since 1970."""

    path: str
    full: str
    size: int
    modified: int


def account(system: str, config: SftpConfig) -> Account:
    """Raises Problem `environment_unset`."""

    def value(name: str | None) -> str | None:
        return environment_value(system, name) if name is not None else None

    return Account(
        environment_value(system, config.host_env),
        environment_value(system, config.user_env),
        value(config.password_env),
        value(config.key_file_env),
        value(config.key_password_env),
    )


def fingerprint(key: bytes) -> str:
    """As ssh-keygen -l shows it: "SHA256:..."."""
    return "SHA256:" + base64.b64encode(hashlib.sha256(key).digest()).decode("ascii").rstrip("=")


class Sftp:
    """An open connection; use it as a context manager. Every method may raise Problem `sftp_*`."""

    def __init__(self, config: SftpConfig, account: Account, timeout: float = TIMEOUT) -> None:
        self.config = config
        self.account = account
        self._timeout = timeout
        self._transport: paramiko.Transport
        self._client: paramiko.SFTPClient

    def __enter__(self) -> Self:
        import paramiko

        host, port = self.account.host, self.config.port
        try:
            connection = socket.create_connection((host, port), timeout=self._timeout)
        except OSError as error:
            raise self._unreachable(error) from error
        try:
            self._transport = paramiko.Transport(connection)
        except (paramiko.SSHException, OSError) as error:
            connection.close()
            raise self._unreachable(error) from error
        try:
            self._open()
        except BaseException:
            self._transport.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._transport.close()

    def _open(self) -> None:
        import paramiko

        kind, _, rest = self.config.host_key.partition(" ")
        if not kind.startswith("SHA256:"):
            # Ask for the kind of key we know, since a server may have several.
            known = self._transport.get_security_options().key_types
            self._transport.get_security_options().key_types = [
                name for name in _SAME_KEY.get(kind, (kind,)) if name in known
            ]
        try:
            self._transport.start_client(timeout=self._timeout)
        except (paramiko.SSHException, OSError, EOFError) as error:
            raise self._unreachable(error) from error
        given = self._transport.get_remote_server_key()
        expected = kind.rstrip("=") if kind.startswith("SHA256:") else fingerprint(_key_bytes(rest))
        if fingerprint(given.asbytes()) != expected:
            raise Problem(
                "sftp_host_key",
                host=self.account.host,
                expected=expected,
                found=f"{given.get_name()} {fingerprint(given.asbytes())}",
            )
        self._log_in()
        try:
            client = paramiko.SFTPClient.from_transport(self._transport)
        except (paramiko.SSHException, OSError, EOFError) as error:
            raise Problem("sftp_refused", host=self.account.host, path=self.config.path, reason=str(error)) from error
        assert client is not None
        channel = client.get_channel()
        assert channel is not None
        channel.settimeout(self._timeout)
        self._client = client

    def _log_in(self) -> None:
        import paramiko

        account = self.account
        try:
            if account.key_file is not None:
                key = paramiko.PKey.from_path(
                    account.key_file, account.key_password.encode() if account.key_password else None
                )
                self._transport.auth_publickey(account.user, key)
            else:
                self._transport.auth_password(account.user, account.password or "")
        except FileNotFoundError as error:
            raise Problem("sftp_key_missing", file=account.key_file) from error
        except (paramiko.AuthenticationException, paramiko.PasswordRequiredException) as error:
            raise Problem("sftp_login", host=account.host, user=account.user, reason=_words(error)) from error
        except (paramiko.SSHException, EOFError, OSError, ValueError, TypeError) as error:
            if self._transport.is_active():
                raise Problem("sftp_login", host=account.host, user=account.user, reason=_words(error)) from error
            raise self._unreachable(error) from error

    def files(self) -> list[Remote]:
        """Every table below the configured folder, by path; links are not followed."""
        found: list[Remote] = []
        waiting: list[tuple[str, str, int]] = [(self.config.path, "", 0)]
        while waiting:
            folder, shown, depth = waiting.pop()
            for entry in self._list(folder):
                # Servers of the nineties send names in GBK; paramiko hands those on as bytes.
                name = entry.filename if isinstance(entry.filename, str) else plain_bytes(entry.filename)
                path = f"{shown}/{name}" if shown else name
                full = f"{folder.rstrip('/')}/{entry.filename}"
                mode = entry.st_mode or 0
                if stat.S_ISDIR(mode) and depth < MAX_DEPTH and not names.is_hidden(f"{path}/x"):
                    waiting.append((full, path, depth + 1))
                elif stat.S_ISREG(mode) and names.why_skipped(path) is None and not names.is_hidden(path):
                    found.append(Remote(path, full, entry.st_size or 0, entry.st_mtime or 0))
                if len(found) > MAX_FILES:
                    raise Problem("sftp_too_many", host=self.account.host, path=self.config.path, limit=MAX_FILES)
        return sorted(found, key=lambda file: file.path)

    def _list(self, folder: str) -> list[paramiko.SFTPAttributes]:
        return self._asked(folder, lambda: self._client.listdir_attr(folder))

    def fetch(self, file: Remote, target: Path) -> None:
        """Download to `target`, going on where an earlier try ended; the file is whole when this returns.

        Raises Problem `sftp_changed` if the file changed on the server meanwhile, `sftp_unreachable`.
        """
        have = target.stat().st_size if target.exists() else 0
        if have > file.size:
            target.unlink()
            have = 0

        def download() -> None:
            with self._client.open(file.full, "rb") as source, target.open("ab") as copy:
                source.seek(have)
                source.prefetch(file.size)
                while chunk := source.read(_CHUNK):
                    copy.write(chunk)

        if have < file.size:
            self._asked(file.path, download)
        now = self._asked(file.path, lambda: self._client.stat(file.full))
        if (now.st_size, now.st_mtime) != (file.size, file.modified) or target.stat().st_size != file.size:
            target.unlink(missing_ok=True)
            raise Problem("sftp_changed", host=self.account.host, path=file.path)

    def _asked(self, path: str, command: Callable[[], Result]) -> Result:
        import paramiko

        try:
            return command()
        except FileNotFoundError as error:
            raise Problem("sftp_missing", host=self.account.host, path=path) from error
        except PermissionError as error:
            raise Problem("sftp_denied", host=self.account.host, user=self.account.user, path=path) from error
        except (TimeoutError, EOFError, paramiko.SSHException) as error:
            raise self._unreachable(error) from error
        except OSError as error:
            if not self._transport.is_active():
                raise self._unreachable(error) from error
            raise Problem("sftp_refused", host=self.account.host, path=path, reason=_words(error)) from error

    def _unreachable(self, error: BaseException) -> Problem:
        return Problem("sftp_unreachable", host=self.account.host, port=self.config.port, reason=_words(error))


def _key_bytes(rest: str) -> bytes:
    try:
        return base64.b64decode(rest.split(" ")[0])
    except ValueError:
        return b""


def _words(error: BaseException) -> str:
    return str(error)[:200] or type(error).__name__
