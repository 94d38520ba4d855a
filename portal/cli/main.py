"""`waterworks`: the commands put together.

Belongs here: names, help texts and the order in which --help shows them. Not here: what they do.
"""

from __future__ import annotations

import typer

from portal.cli import (
    accept,
    check,
    compare,
    contract,
    demo,
    discover,
    down,
    init,
    recheck,
    rules,
    status,
    suggestions,
    sync,
    up,
)
from portal.cli.wording import help_text

app = typer.Typer(
    name="waterworks",
    help=help_text("app"),
    epilog=help_text("exit_codes"),
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)

for name, function in (
    ("demo", demo.demo),
    ("init", init.init),
    ("up", up.up),
    ("down", down.down),
    ("check", check.check),
    ("discover", discover.discover),
    ("compare", compare.compare),
    ("sync", sync.sync),
    ("recheck", recheck.recheck),
    ("status", status.status),
    ("accept", accept.accept),
    ("correct", suggestions.correct),
):
    app.command(name, help=help_text(name), short_help=help_text(name), epilog=help_text("exit_codes"))(function)

app.add_typer(suggestions.app, name="suggestions")
app.add_typer(rules.app, name="rules", short_help=help_text("rules"))

app.add_typer(contract.app, name="contract", short_help=help_text("contract"))

if __name__ == "__main__":
    app()
