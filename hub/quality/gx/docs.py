"""Validation results into a Great Expectations file context, and its Data Docs into a folder.

Belongs here: storing, rendering, publishing, forgetting old runs. Not here: what a result looks
like (`results.py`), how a page becomes independent of the internet (`offline.py`).
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterable
from collections.abc import Mapping as MappingABC
from datetime import date, timedelta
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg

from hub.quality.gx.notes import rule_notes
from hub.quality.gx.offline import ASSETS, STATIC, head, offline
from hub.quality.gx.results import DatasetResult, RuleCount, identifier, validation_result
from hub.quality.gx.suites import CodeLists, expectation
from schemas.model import Contract

if TYPE_CHECKING:
    from great_expectations.data_context import AbstractDataContext

KEEP_DAYS = 14  # GX's pages get slow with thousands of results; scores by day are in mart.quality_score
_EXAMPLES, _AMONG = 5, 200  # distinct values shown of the first findings: all of a million would be read for five
_RAW = "gx/uncommitted/data_docs/local_site"

_COUNTS = """
select s.dataset, s.entity, s.day, s.department, s.rule, s.rows_checked, s.rows_failed, s.unknown is not null,
       array(select distinct left(f.value, 60) from (
               select value from quality.finding
               where dataset = s.dataset and rule = s.rule and resolved_at is null and value is not null
                 and s.rows_failed > 0 limit %(among)s) as f
             order by 1 limit %(examples)s)
from mart.quality_score as s
join (select dataset, max(day) as day from mart.quality_score where unknown is null
      and day > (select max(day) from mart.quality_score) - %(keep)s group by dataset) as known using (dataset, day)
order by s.dataset, s.rule"""


def publish_data_docs(
    connection: psycopg.Connection[Any], contracts: MappingABC[str, Contract], folder: Path
) -> dict[str, Path]:
    """Data Docs of the latest scores of each dataset, one page per dataset: {dataset: page}.

    A dataset that nobody can say anything of today keeps its page of the last day it was known, and the entry page
    names that day. Writes `folder`/index.html and everything it needs; the GX context lies beside it.
    """
    from schemas.loader import code_lists

    counts: dict[tuple[str, str, Any, str], list[RuleCount]] = {}
    with connection.cursor(row_factory=psycopg.rows.tuple_row) as cursor:
        for dataset, entity, day, department, rule, checked, failed, is_unknown, examples in cursor.execute(
            _COUNTS, {"examples": _EXAMPLES, "among": _AMONG, "keep": KEEP_DAYS}
        ):
            found = RuleCount(rule, checked, failed, tuple(examples), is_unknown)
            counts.setdefault((dataset, entity, day, department), []).append(found)
        row = cursor.execute("select max(day) from mart.quality_score").fetchone()
    latest: date | None = row[0] if row else None
    results = [
        DatasetResult(dataset, contracts[entity], day, tuple(of_rules), department)
        for (dataset, entity, day, department), of_rules in counts.items()
        if entity in contracts
    ]
    codes = code_lists()
    shown, stamp = _home(folder) / "shown", hashlib.sha256(repr((results, codes, latest)).encode()).hexdigest()
    pages = {result.dataset: folder / _page(result) for result in results}
    if shown.exists() and shown.read_text() == stamp and all(page.exists() for page in pages.values()):
        return pages  # rendering costs half a second per dataset, and nothing on any page would be another
    pages = publish(results, folder, codes, latest)
    shown.write_text(stamp)
    return pages


def publish(
    results: Iterable[DatasetResult], folder: Path, codes: CodeLists, latest: date | None = None
) -> dict[str, Path]:
    """Store results as GX validation results and render them as pages that need no network.

    Returns {dataset: its page}. The same dataset and day again replaces the page; runs older than
    KEEP_DAYS days are forgotten. latest: day of the last run (default: the newest of the results); the page of
    a result from before it is kept as it was.
    """
    import great_expectations as gx
    from great_expectations.data_context.types.resource_identifiers import ExpectationSuiteIdentifier

    results = list(results)
    context = _context(folder)
    keys: list[Any] = []
    latest = latest or max((result.day for result in results), default=None)
    for result in results:
        if result.day != latest and (folder / _page(result)).exists():
            continue
        shown = {count.rule for count in result.counts}
        rules = [rule for rule in result.contract.rules if rule.id in shown]
        context.suites.add_or_update(
            gx.ExpectationSuite(
                name=result.dataset, expectations=[expectation(rule, result.contract, codes) for rule in rules]
            )
        )
        key = identifier(result.dataset, result.day)
        context.validation_results_store.set(key, validation_result(result, codes))
        keys += [key, ExpectationSuiteIdentifier(result.dataset)]
    if latest is not None:
        _forget(context, folder, latest - timedelta(days=KEEP_DAYS))
    if keys:
        context.build_data_docs(resource_identifiers=keys)
    notes = {result.dataset: rule_notes(result, codes) for result in results}
    _copy_offline(_home(folder) / _RAW, folder, notes)
    pages = {result.dataset: folder / _page(result) for result in results}
    _write(folder / "index.html", _index(results, folder, latest))
    return pages


def _home(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}_context")


def _context(folder: Path) -> AbstractDataContext:
    # Read by GX when a context is made; nothing about the plant's data may leave it.
    os.environ["GX_ANALYTICS_ENABLED"] = "False"
    import great_expectations as gx

    home = _home(folder)
    home.mkdir(parents=True, exist_ok=True)
    context = gx.get_context(mode="file", project_root_dir=home)
    context.enable_analytics(False)
    return context


def _forget(context: AbstractDataContext, folder: Path, before: Any) -> None:
    keys: Iterable[Any] = context.validation_results_store.list_keys()
    for key in keys:
        run = str(key.run_id.run_name)
        if run < before.isoformat():
            context.validation_results_store.remove_key(key)
            suite_path = str(key.expectation_suite_identifier.name).replace(".", "/")
            for site in (_home(folder) / _RAW, folder):
                shutil.rmtree(site / "validations" / suite_path / run, ignore_errors=True)


def _copy_offline(raw: Path, folder: Path, notes: MappingABC[str, MappingABC[str, str]]) -> None:
    """Rewritten copies of the pages that are new or changed since they were last copied.

    notes: {dataset: {rule: HTML to stand below it}}.
    """
    for page in sorted(raw.glob("*/**/*.html")):
        target = folder / page.relative_to(raw)
        if target.exists() and target.stat().st_mtime_ns >= page.stat().st_mtime_ns:
            continue
        root = "../" * (len(target.relative_to(folder).parts) - 1)
        # GX makes folders of the parts of a suite's name: validations/k3/material/..., expectations/k3/material.html
        parts = page.relative_to(raw).with_suffix("").parts
        below = notes.get(".".join(parts[1:3]), {})
        _write(target, offline(page.read_text(encoding="utf-8"), root, below))
    for asset in ASSETS:
        _write(folder / "static" / asset, (STATIC / asset).read_text(encoding="utf-8"))


def _page(result: DatasetResult) -> Path:
    key = identifier(result.dataset, result.day)
    moment = key.run_id.run_time.strftime("%Y%m%dT%H%M%S.%fZ")
    return Path("validations", *result.dataset.split("."), result.day.isoformat(), moment, f"{result.dataset}.html")


def _index(results: list[DatasetResult], folder: Path, latest: date | None) -> str:
    """The entry page. GX's own needs five foreign scripts to show a table."""
    rows = []
    for result in sorted(results, key=lambda one: one.dataset):
        failing, unknown = len(result.broken()), sum(count.is_unknown for count in result.counts)
        days = sorted((folder / "validations" / result.dataset.replace(".", "/")).glob("*/*/*.html"), reverse=True)
        history = " ".join(f'<a href="{page.relative_to(folder).as_posix()}">{page.parts[-3]}</a>' for page in days)
        mark = '<span class="text-danger">✗</span>' if failing else '<span class="text-success">✓</span>'
        if unknown:
            mark += f' <span class="text-warning">? {unknown} 条未知 / unknown</span>'
        title = f"{result.contract.title.zh} / {result.contract.title.en}"
        if result.day != latest:
            mark = f'<span class="muted">? 未知，最近 / unknown, last {result.day}</span>'
        rows.append(
            f'<tr><td>{mark}</td><td><a href="{_page(result).as_posix()}">{escape(result.dataset)}</a></td>'
            f'<td>{escape(title)}</td><td class="number">{len(result.counts)}</td><td class="number">{failing}</td>'
            f'<td class="number">{max((count.rows for count in result.counts), default=0)}</td><td>{history}</td></tr>'
        )
    heads = (
        "",
        "数据集 / Dataset",
        "对象 / Entity",
        "规则 / Rules",
        "有不符合 / With findings",
        "行数 / Rows",
        "日期 / Days",
    )
    return (
        '<!DOCTYPE html>\n<html lang="zh">\n<head>\n<meta charset="UTF-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n<title>Waterworks Data Docs</title>\n'
        f"{head('')}</head>\n<body>\n<main>\n<h1>数据校验文档 / Data Docs</h1>\n"
        '<p class="muted">由数据契约的规则和最近一次检查的结果生成。/ Made from the rules of the data contracts and'
        " the results of the last check.</p>\n"
        f"<table>\n<thead><tr>{''.join(f'<th>{name}</th>' for name in heads)}</tr></thead>\n"
        f"<tbody>\n{chr(10).join(rows)}\n</tbody>\n</table>\n</main>\n</body>\n</html>\n"
    )


def _write(path: Path, text: str) -> None:
    """Replace a file in one step, so that a reader never sees half a page."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.new")
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)
