"""What was done to values that could not land as they are stored, counted while an object is read.

Belongs here: counting, and the sentences. Does not belong here: what is done (`values.py`, `texts.py`).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from schemas.problems import Problem

_SHOWN = 60  # characters of an example


@dataclass
class Remark:
    """count: values of one column; example: the first of them, as the source has it."""

    count: int
    example: str
    encoding: str = ""


@dataclass
class Remarks:
    """{(code of the sentence, column): remark}; one object may be read by several sessions with the same one."""

    found: dict[tuple[str, str], Remark] = field(default_factory=dict)

    def odd_date(self, column: str, text: str) -> None:
        self._count("erp_odd_dates", column, 1, text)

    def nul(self, column: str, count: int, text: str) -> None:
        self._count("erp_text_nul", column, count, text)

    def not_in_encoding(self, column: str, count: int, text: str, encoding: str) -> None:
        self._count("erp_text_not_in_encoding", column, count, text, encoding)

    def suspected(self, column: str, count: int, text: str, encoding: str) -> None:
        self._count("erp_text_suspicious", column, count, text, encoding)

    def problems(self, system: str, object_name: str) -> list[Problem]:
        """One sentence per column and kind, for the account of a load."""
        return [
            Problem(
                code,
                system=system,
                object=object_name,
                column=column,
                count=remark.count,
                example=remark.example,
                **({"encoding": remark.encoding} if remark.encoding else {}),
            )
            for (code, column), remark in sorted(self.found.items())
        ]

    def _count(self, code: str, column: str, count: int, text: str, encoding: str = "") -> None:
        known = self.found.get((code, column))
        if known is None:
            self.found[code, column] = Remark(count, text[:_SHOWN].replace("\x00", "\\x00"), encoding)
        else:
            known.count += count
