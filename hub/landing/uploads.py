"""Load an approved upload: the same way as a watched workbook, but only adding and updating.

Belongs here: from ops.upload to a load. Not here: checking an upload before approval (portal).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from psycopg.types.json import Jsonb

from connectors.base import Check, Deletions, Discovered, Page
from hub.landing.dataset import UPLOADS, dataset
from hub.landing.files import loaded_before
from hub.landing.headers import remembered
from hub.landing.lease import lease
from hub.landing.load import Load
from hub.landing.result import LoadResult
from hub.quality import issues
from hub.settings import settings
from hub.store.engine import connect
from schemas.model import Template, Text
from schemas.problems import Problem
from schemas.template_loader import templates

PLANT = "P1"  # uploads belong to the plant of this installation


@dataclass(frozen=True)
class _UploadedFile:
    """A connector over one file that a person handed in."""

    path: Path
    shown_name: str
    template: Template
    system: str = UPLOADS

    def check(self) -> Check:
        there = self.path.exists()
        return Check(UPLOADS, there, Text(zh=self.shown_name, en=self.shown_name))

    def discover(self) -> list[Discovered]:
        return [Discovered(self.shown_name, None, ())]

    def read(self, object_name: str, position: dict[str, Any] | None, page_rows: int) -> Iterator[Page]:
        from connectors.excel.connector import read_file

        decided = remembered(self.template.name)
        return read_file(self.path, self.template, self.shown_name, page_rows=page_rows, remembered=decided)

    def deletions(self, object_name: str) -> Deletions:
        # A person's sheet says what to add or change; what is not in it stays as it is.
        return "no"


def load_upload(upload_id: int, run_id: str) -> LoadResult:
    """Load one upload whose status is approved (or loading, after a kill).

    Sets its status to loaded with the load's id, or failed with the problem. Raises Problem
    `upload_not_approved` if nobody approved it.
    """
    with connect() as connection:
        row = connection.execute(
            "update ops.upload set status = 'loading' where id = %s and status in ('approved', 'loading')"
            " returning template, stored_path, file_name, sha256",
            (upload_id,),
        ).fetchone()
    if row is None:
        raise Problem("upload_not_approved", upload=upload_id)
    template_name, stored_path, file_name, sha256 = row
    about = dataset(f"{UPLOADS}.{template_name}", PLANT)
    with connect() as connection:
        if same := next(iter(loaded_before(connection, sha256, about.name)), None):
            when = f"{same.finished_at:%Y-%m-%d %H:%M}"
            problem = Problem("upload_same_content", file=file_name, same=f"{same.system}: {same.path}", when=when)
            connection.execute(
                "update ops.upload set status = 'failed', problem = %s where id = %s",
                (Jsonb(problem.as_json()), upload_id),
            )
            return LoadResult(about.name, 0, "failed", problem=problem)
    source = _UploadedFile(settings().uploads / stored_path, file_name, templates()[template_name])
    with lease(UPLOADS, run_id) as held, connect() as connection:
        result = Load(connection, about, held, run_id, settings().landing).run(lambda: source, template_name)
    with connect() as connection:
        issues.follow_load(connection, result.dataset, result.loaded + result.held + result.rejected)
        connection.execute(
            "update ops.upload set status = %s, load_id = %s, problem = %s where id = %s",
            (
                "loaded" if result.problem is None else "failed",
                result.load_id,
                Jsonb(result.problem.as_json()) if result.problem else None,
                upload_id,
            ),
        )
    return result
