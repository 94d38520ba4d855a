"""Where the documents of `waterworks discover --write` go: added, never put in place of anything.

Belongs here: finding the system's file, adding, saying so, and taking it back if it does not load. Not here:
what the documents say (connectors/erp/examine/proposal.py).
"""

from __future__ import annotations

from pathlib import Path

import typer

from connectors.erp.examine.proposal import Document, Proposal
from portal.cli.wording import text
from schemas.problems import Language, Problem


def write_proposal(system: str, head: Document | None, proposal: Proposal, lang: Language) -> None:
    """head: the document of a system that is not configured yet. Raises Problem if the result would not load."""
    from connectors.config import DEFS_DIR
    from portal.cli.discover import project_path
    from schemas.loader import SCHEMAS

    path = _file_of(system, DEFS_DIR)
    before = path.read_text(encoding="utf-8") if path.exists() else None
    if head is not None and before is not None:
        raise Problem("discover_file_exists", file=project_path(path), system=system)
    documents = [*([head] if head else []), *proposal.documents]
    if not documents and not proposal.comments:
        typer.echo(text(lang, "discover.nothing_new"))
        return
    after = "\n---\n".join(
        [*([before.rstrip("\n") + "\n"] if before else []), *(document.text for document in documents)]
    ).replace("\n\n---\n", "\n---\n")
    after += "".join(f"#\n{comment}" for comment in proposal.comments)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(after, encoding="utf-8")
    if problem := _mistake(system, DEFS_DIR):
        _take_back(path, before)
        raise problem
    said = "discover.added" if before else "discover.written"
    objects = ", ".join(document.object for document in proposal.documents if document.object) or "-"
    typer.secho(text(lang, said, file=project_path(path), objects=objects), fg="green")
    if proposal.comments:
        typer.echo(text(lang, "discover.commented", count=len(proposal.comments)))
    for dataset, content in proposal.mappings.items():
        target = SCHEMAS / "mappings" / f"{dataset}.yaml"
        if target.exists():
            typer.secho(text(lang, "discover.kept", file=project_path(target)), fg="yellow")
            continue
        target.write_text(content, encoding="utf-8")
        typer.secho(text(lang, "discover.mapping", file=project_path(target)), fg="green")
    typer.echo(text(lang, "discover.next", system=system))


def _file_of(system: str, defs: Path) -> Path:
    """The file that holds the system's own document; <defs>/<system>/defs.yaml if there is none."""
    from schemas.yaml_lines import load_documents

    for path in sorted(defs.glob("*/defs.yaml")):
        try:
            documents = [document.data for document in load_documents(path)]
        except Problem:
            continue  # another system's broken file is not what is asked about
        for data in documents:
            attributes = data.get("attributes") if isinstance(data, dict) else None
            if isinstance(attributes, dict) and attributes.get("system") == system and "kind" in attributes:
                return path
    return defs / system / "defs.yaml"


def _mistake(system: str, defs: Path) -> Problem | None:
    """What is wrong with the system as it is configured now."""
    from connectors.config import read_systems

    systems, problems = read_systems(defs)
    if system in systems:
        return None
    return problems[0] if problems else None


def _take_back(path: Path, before: str | None) -> None:
    if before is None:
        path.unlink()
    else:
        path.write_text(before, encoding="utf-8")
