"""The sensors on mailboxes and SFTP folders: start a sync when something new came.

Belongs here: noticing, within a time limit and without taking anything. Not here: fetching (hub/landing/
receive.py, at the beginning of the sync that this starts), folders (folder_sensor.py).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

from connectors.config_models import SystemConfig
from connectors.excel.config import MailboxConfig, SftpConfig
from connectors.excel.files.folder import within
from schemas.problems import Problem

LOOK_SECONDS = 25.0  # of the minute that Dagster gives a look
_ANSWER_SECONDS = 8.0
_HEADS = 200

Look = Callable[[str | None], tuple[str, bool]]  # cursor -> (next cursor, is there something to fetch?)


def inbox_sensors(system: SystemConfig, job: UnresolvedAssetJobDefinition) -> list[dg.SensorDefinition]:
    """`mail_<system>` and `sftp_<system>` for the inputs that are configured."""
    sensors = []
    if (mailbox := system.mailbox) is not None:
        look = lambda cursor: look_at_mail(system.system, mailbox, cursor)  # noqa: E731 - bound to its mailbox
        sensors.append(_sensor(system, job, "mail", mailbox.every_seconds, look))
    if (sftp := system.sftp) is not None:
        look = lambda cursor: look_at_sftp(system.system, sftp, cursor)  # noqa: E731 - bound to its server
        sensors.append(_sensor(system, job, "sftp", sftp.every_seconds, look))
    return sensors


def look_at_mail(system: str, config: MailboxConfig, cursor: str | None) -> tuple[str, bool]:
    """New if a message that fits the filter arrived since the last look. Raises Problem `mail_*`."""
    from connectors.excel.files.inbox.imap import Mailbox, account, wanted

    with Mailbox(config, account(system, config), timeout=_ANSWER_SECONDS) as box:
        now = box.state()
        before = json.loads(cursor) if cursor else {}
        after = json.dumps({"uidvalidity": now.uidvalidity, "uidnext": now.uidnext})
        if before.get("uidvalidity") != now.uidvalidity:
            return after, now.messages > 0
        if before["uidnext"] == now.uidnext:
            return after, False
        uids = box.search(before["uidnext"] - 1)
        heads = box.heads(uids[:_HEADS])
        return after, len(uids) > _HEADS or any(wanted(head, config) for head in heads.values())


def look_at_sftp(system: str, config: SftpConfig, cursor: str | None) -> tuple[str, bool]:
    """New if the files are other ones than at the last sync, and as they were at the last look.

    Raises Problem `sftp_*`.
    """
    from connectors.excel.files.inbox.sftp import Sftp, account

    with Sftp(config, account(system, config), timeout=_ANSWER_SECONDS) as server:
        listed = "\n".join(f"{file.path}\0{file.size}\0{file.modified}" for file in server.files())
    now = hashlib.sha256(listed.encode("utf-8", "surrogateescape")).hexdigest()
    before = json.loads(cursor) if cursor else {"seen": None, "synced": None}
    if now != before["seen"] or now == before["synced"]:
        return json.dumps({**before, "seen": now}), False
    return json.dumps({"seen": now, "synced": now}), bool(listed)


def _sensor(
    system: SystemConfig, job: UnresolvedAssetJobDefinition, kind: str, every_seconds: int, look: Look
) -> dg.SensorDefinition:
    words = {"mail": ("邮箱", "mailbox"), "sftp": ("SFTP 目录", "SFTP folder")}[kind]

    @dg.sensor(
        name=f"{kind}_{system.system}",
        job=job,
        minimum_interval_seconds=every_seconds,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=(
            f"{system.title.zh}的{words[0]}有新文件时开始同步。\n\n"
            f"Starts a sync when something new came to the {words[1]} of {system.title.en}."
        ),
    )
    def watch(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        try:
            about = f"{system.system} {kind}"
            cursor, new = within(LOOK_SECONDS, lambda: look(context.cursor), about, "input_timeout")
        except Problem as problem:
            return dg.SkipReason(problem.text("zh"))
        if not new:
            return dg.SensorResult(skip_reason="nothing new", cursor=cursor)
        run_key = hashlib.sha256(cursor.encode()).hexdigest()[:24]
        return dg.SensorResult(run_requests=[dg.RunRequest(run_key=run_key)], cursor=cursor)

    return watch
