"""Options that several commands share."""

from __future__ import annotations

from typing import Annotated

import typer

from portal.cli.wording import chosen_language, help_text
from schemas.problems import Language

Lang = Annotated[Language, typer.Option("--lang", help=help_text("lang"), show_default=False)]
DEFAULT: Language = chosen_language()
