"""Results as a table with ratios, as JSON, as Markdown.

Belongs here: forms of the results. Not here: measuring.
"""

from __future__ import annotations

import json
import platform
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

import psutil

from benchmarks.measure import Figures

HEADINGS = ("", "rows", "CPU s", "rows per CPU s", "wall s", "peak MB", "CPU per row, times the first line")


@dataclass(frozen=True)
class Entry:
    """One contender's run. `result`: a digest of what it produced, equal for contenders over equal rows."""

    contender: str
    rows: int
    figures: Figures
    result: Any


@dataclass(frozen=True)
class Benchmark:
    """entries: the first is what the others are compared with. note: what a reader must know."""

    name: str
    title: str
    note: str
    entries: tuple[Entry, ...]

    def lines(self) -> list[tuple[str, ...]]:
        """One line per entry, in the order of HEADINGS."""
        unit = self.entries[0].figures.cpu / self.entries[0].rows
        return [
            (
                entry.contender,
                f"{entry.rows:,}",
                f"{entry.figures.cpu:.2f}",
                f"{entry.rows / max(entry.figures.cpu, 1e-9):,.0f}",
                f"{entry.figures.wall:.2f}",
                f"{entry.figures.peak_mb:.0f}",
                f"{entry.figures.cpu / entry.rows / unit:.1f}" if unit else "-",
            )
            for entry in self.entries
        ]


def markdown(benchmarks: list[Benchmark]) -> str:
    """Tables with their notes and the machine they were taken on."""
    parts = []
    for benchmark in benchmarks:
        rows = [HEADINGS, ("---", *["---:"] * (len(HEADINGS) - 1)), *benchmark.lines()]
        table = "\n".join(f"| {' | '.join(cell.replace('|', '&#124;') for cell in row)} |" for row in rows)
        parts.append(f"**{benchmark.title}**\n\n{table}\n\n{benchmark.note}")
    return "\n\n".join(parts) + f"\n\n{machine()}\n"


def text(benchmark: Benchmark) -> str:
    """The table for a terminal."""
    lines = [HEADINGS, *benchmark.lines()]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEADINGS))]
    shown = [
        "  ".join(
            cell.ljust(width) if column == 0 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        for line in lines
    ]
    return "\n".join([benchmark.title, *shown, benchmark.note])


def machine() -> str:
    memory = psutil.virtual_memory().total / 1e9
    return (
        f"Measured on {date.today().isoformat()} with {psutil.cpu_count()} cores and {memory:.0f} GB of memory"
        f" ({platform.system()}, Python {platform.python_version()}); read the ratios, not the seconds."
    )


def save(benchmarks: list[Benchmark], folder: Path) -> Path:
    """Write results.json and results.md into `folder`; returns it."""
    folder.mkdir(parents=True, exist_ok=True)
    content = {"machine": machine(), "benchmarks": [asdict(benchmark) for benchmark in benchmarks]}
    (folder / "results.json").write_text(
        json.dumps(content, ensure_ascii=False, indent=1, default=str), encoding="utf-8"
    )
    (folder / "results.md").write_text(markdown(benchmarks), encoding="utf-8")
    return folder
