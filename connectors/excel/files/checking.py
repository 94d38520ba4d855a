"""The check of a system of workbooks: every input, every object, one point each.

Belongs here: asking and putting the answers in order. Does not belong here: fetching or reading data.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from connectors.base import Check, CheckPoint
from connectors.config_models import SystemConfig
from connectors.excel.safety.passwords import variables
from schemas.model import Text
from schemas.problems import Problem

if TYPE_CHECKING:
    from connectors.excel.connector import ExcelConnector
    from connectors.excel.files.choosing import Gathered


def check_inputs(connector: ExcelConnector, system: SystemConfig) -> Check:
    """ok if every input answers and every object has a file."""
    gathered = connector.gather()
    points = [*_folders(gathered), *_mailbox(system), *_sftp(system), *_passwords(system)]
    points += _objects(connector, gathered)
    bad = next((point for point in points if point.verdict == "bad"), None)
    if bad is not None:
        return Check(connector.system, False, _summary(connector, gathered, points, bad), tuple(points))
    return Check(connector.system, True, _all_well(connector, gathered), tuple(points))


def _folders(gathered: Gathered) -> list[CheckPoint]:
    points = []
    for name, folder in gathered.places.items():
        if (problem := gathered.failed.get(name)) is not None:
            points.append(CheckPoint("folder", "bad", _both(problem)))
            continue
        count = sum(
            file.is_table and not file.is_lock and not file.is_hidden
            for file in gathered.files
            if file.full.is_relative_to(folder.resolve()) and file.sha256 is None
        )
        points.append(CheckPoint("folder", "ok", _both(Problem("check_folder", folder=str(folder), files=count))))
    points += [CheckPoint("folder", "warn", _both(problem)) for problem in gathered.closed]
    return points


def _mailbox(system: SystemConfig) -> list[CheckPoint]:
    if system.mailbox is None:
        return []
    from connectors.excel.files.inbox.imap import Mailbox, account

    mailbox = system.mailbox
    try:
        with Mailbox(mailbox, account(system.system, mailbox)) as box:
            state = box.state()
        answer = Problem(
            "check_mailbox",
            host=box.account.host,
            user=box.account.user,
            folder=mailbox.folder,
            messages=state.messages,
        )
    except Problem as problem:
        return [CheckPoint("mailbox", "bad", _both(problem))]
    points = [CheckPoint("mailbox", "ok", _both(answer))]
    if mailbox.tls is False:
        points.append(CheckPoint("mailbox", "warn", _both(Problem("check_mailbox_open", host=box.account.host))))
    return points


def _sftp(system: SystemConfig) -> list[CheckPoint]:
    if system.sftp is None:
        return []
    from connectors.excel.files.inbox.sftp import Sftp, account

    try:
        with Sftp(system.sftp, account(system.system, system.sftp)) as server:
            count = len(server.files())
        answer = Problem(
            "check_sftp", host=server.account.host, user=server.account.user, path=system.sftp.path, files=count
        )
    except Problem as problem:
        return [CheckPoint("sftp", "bad", _both(problem))]
    return [CheckPoint("sftp", "ok", _both(answer))]


def _passwords(system: SystemConfig) -> list[CheckPoint]:
    return [
        CheckPoint("passwords", "warn", _both(Problem("check_passwords_unset", variable=name)))
        for name in variables(system)
        if not os.environ.get(name, "").strip()
    ]


def _objects(connector: ExcelConnector, gathered: Gathered) -> list[CheckPoint]:
    points = []
    for name in connector.templates:
        try:
            choice = connector.choose(gathered, name)
            connector.locate(choice.file, name)
        except Problem as problem:
            points.append(CheckPoint("file", "bad", _both(problem), name))
            continue
        answer = Problem("check_file", file=choice.file.path, older=len(choice.older))
        points.append(CheckPoint("file", "ok", _both(answer), name))
    return points


def _summary(connector: ExcelConnector, gathered: Gathered, points: list[CheckPoint], bad: CheckPoint) -> Text:
    """The first thing that is wrong; or, if only files are lacking, all objects without one."""
    lacking = [point.object for point in points if point.verdict == "bad" and point.object is not None]
    if bad.object is None or len(lacking) < 2:
        return bad.sentence
    titles = [connector.templates[name].title for name in lacking]
    return _both(
        Problem(
            "workbook_check_lacking",
            folder=_places(gathered),
            zh=", ".join(title.zh for title in titles),
            en=", ".join(title.en for title in titles),
        )
    )


def _all_well(connector: ExcelConnector, gathered: Gathered) -> Text:
    count = sum(file.is_table and not file.is_lock and not file.is_hidden for file in gathered.files)
    return _both(Problem("workbook_check_ok", folder=_places(gathered), files=count, objects=len(connector.templates)))


def _places(gathered: Gathered) -> str:
    return ", ".join(str(folder) for folder in gathered.places.values()) or "-"


def _both(problem: Problem) -> Text:
    return Text(zh=problem.text("zh"), en=problem.text("en"))
