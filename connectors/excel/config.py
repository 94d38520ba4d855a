"""How the places workbooks come from, and one template read from them, look in defs.yaml.

Belongs here: the pydantic models (unknown keys are errors). Does not belong here: reading files, any I/O.
"""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from connectors.config_base import Config, EnvName, Name, Title

# What decides which of two versions of a workbook counts; each rule is asked in turn until one tells.
OrderRule = Literal["version", "name", "modified", "content"]
DEFAULT_ORDER: tuple[OrderRule, ...] = ("version", "name", "modified", "content")
# Shown before the paths of an input, so no part of it may look like a path of its own.
InputName = Annotated[str, StringConstraints(pattern=r"^[^\s/\\.~$][^/\\]*$", max_length=40)]
Seconds = Annotated[int, Field(ge=10, le=86_400)]
Port = Annotated[int, Field(ge=1, le=65_535)]
_HOST_KEY = re.compile(r"^(?:(?:ssh|ecdsa|sk)-[\w@.-]+ [A-Za-z0-9+/]+=*(?: .*)?|SHA256:[A-Za-z0-9+/]{43}=?)$")


class FolderConfig(Config):
    """One more watched folder. `name` stands before its paths; patterns may be written with or without it."""

    name: InputName
    env: EnvName


class MoveTo(Config):
    """Taken messages go to this folder of the mailbox; it is created if it is not there."""

    move_to: str = Field(min_length=1)


class MailboxConfig(Config):
    """A mailbox whose attachments are taken, over IMAP.

    senders: glob patterns of addresses ("*@example.com"); none = anybody. subject: glob pattern.
    ca_file_env: a file of certificates to trust beside the system's (a mail server of one's own).
    since: messages before that day are left alone. done: what becomes of a message that was taken.
    """

    name: InputName = "mail"
    host_env: EnvName
    port: Port | None = None
    user_env: EnvName
    password_env: EnvName
    folder: str = "INBOX"
    tls: bool | Literal["starttls"] = True
    ca_file_env: EnvName | None = None
    senders: tuple[str, ...] = ()
    subject: str | None = None
    since: date | None = None
    done: Literal["seen", "leave"] | MoveTo = "seen"
    every_seconds: Seconds = 300
    max_mb: Annotated[int, Field(ge=1, le=500)] = 50

    @property
    def at_port(self) -> int:
        return self.port or (993 if self.tls is True else 143)


class SftpConfig(Config):
    """A folder on an SFTP server; its files are fetched as they change.

    host_key: the server's public key ("ssh-ed25519 AAAA...") or its fingerprint ("SHA256:...").
    quiet_seconds: a file that was changed less than so long ago may still be uploaded and waits.
    """

    name: InputName = "sftp"
    host_env: EnvName
    port: Port = 22
    user_env: EnvName
    password_env: EnvName | None = None
    key_file_env: EnvName | None = None
    key_password_env: EnvName | None = None
    path: str = "."
    host_key: str
    every_seconds: Seconds = 300
    quiet_seconds: Annotated[int, Field(ge=0, le=3600)] = 30
    max_mb: Annotated[int, Field(ge=1, le=2000)] = 200

    @model_validator(mode="after")
    def _can_log_in(self) -> SftpConfig:
        if (self.password_env is None) == (self.key_file_env is None):
            raise ValueError("sftp needs either `password_env` or `key_file_env`")
        if not _HOST_KEY.match(self.host_key):
            raise ValueError('`host_key` must look like "ssh-ed25519 AAAA..." or "SHA256:..."')
        return self


class SettleConfig(Config):
    """When a file counts as completely copied: nothing about it changed for `quiet_seconds`.

    A sync waits for that up to `wait_seconds`; then the file gets a sentence and the next sync looks again.
    """

    quiet_seconds: Annotated[float, Field(ge=0, le=600)] = 2
    wait_seconds: Annotated[float, Field(ge=0, le=3600)] = 60


class ExcelSettings(Config):
    """What a `SourceSystem` document of kind excel may say beside what every system says.

    passwords_env: names a variable with the opening passwords of protected workbooks: one, several
    separated by ";" or line ends, or a JSON list. order: which rules decide between versions of one
    workbook, in that order.
    """

    folders: tuple[FolderConfig, ...] = ()
    mailbox: MailboxConfig | None = None
    sftp: SftpConfig | None = None
    passwords_env: EnvName | None = None
    order: Annotated[tuple[OrderRule, ...], Field(min_length=1)] = DEFAULT_ORDER
    settle: SettleConfig = SettleConfig()
    every_seconds: Seconds = 30

    @model_validator(mode="after")
    def _inputs_have_names_of_their_own(self) -> ExcelSettings:
        names = [folder.name for folder in self.folders]
        names += [item.name for item in (self.mailbox, self.sftp) if item is not None]
        if repeated := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"two inputs are named {repeated[0]!r}; give each `name:` its own")
        return self


class WorkbookConfig(Config):
    """One workbook template read from the system's inputs; its layout is schemas/templates/<template>.yaml.

    order: overrides the system's. file: the path of the one file to read, whatever else is there.
    passwords_env: passwords of this template's files, tried before the system's.
    """

    system: Name
    object: Name
    title: Title | None = None
    template: Name
    order: Annotated[tuple[OrderRule, ...], Field(min_length=1)] | None = None
    file: str | None = None
    passwords_env: EnvName | None = None
