"""What time it is, in the source and here.

Belongs here: asking the source, comparing two clocks. Does not belong here: what follows from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa


@dataclass(frozen=True)
class Clocks:
    """One moment: source = the source's wall time, naive; ours = this machine's, in UTC, naive."""

    source: datetime
    ours: datetime

    @classmethod
    def at(cls, source: Any) -> Clocks:
        """Now, `source` being what `clock_statement` answered."""
        moment = source if isinstance(source, datetime) else datetime.fromisoformat(str(source))
        return cls(moment.replace(tzinfo=None), datetime.now(UTC).replace(tzinfo=None))

    @classmethod
    def from_position(cls, stored: list[str]) -> Clocks:
        source, ours = map(datetime.fromisoformat, stored)
        return cls(source, ours)

    def position(self) -> list[str]:
        return [self.source.isoformat(), self.ours.isoformat()]

    def lost_since(self, before: Clocks) -> timedelta:
        """How much less time went by in the source than here; 0 if it was not less."""
        return max(timedelta(0), (self.ours - before.ours) - (self.source - before.source))

    def age(self, before: Clocks) -> timedelta:
        """How long ago `before` surely was: the shorter of what the two clocks say."""
        return min(self.ours - before.ours, self.source - before.source)


def clock_statement(dialect: sa.Dialect) -> sa.Select[Any]:
    """Asks the source what time it is."""
    if dialect.name == "sqlite":
        return sa.select(sa.func.datetime("now", "localtime"))
    standard = dialect.name in ("postgresql", "mysql", "mariadb", "oracle")
    return sa.select(sa.literal_column("LOCALTIMESTAMP" if standard else "CURRENT_TIMESTAMP"))
