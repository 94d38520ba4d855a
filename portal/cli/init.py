"""`waterworks init`: make this machine ready: home folder, store, tables, first log-in."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Annotated

import typer

from portal.cli.exits import told
from portal.cli.options import DEFAULT, Lang
from portal.cli.wording import help_text, text
from schemas.problems import Language, Problem


def init(
    store_url: Annotated[str | None, typer.Option("--store-url", help=help_text("store_url"))] = None,
    admin: Annotated[str, typer.Option("--admin", help=help_text("admin"))] = "admin",
    password: Annotated[str | None, typer.Option("--password", help=help_text("password"))] = None,
    lang: Lang = DEFAULT,
) -> None:
    with told(lang):
        from hub.settings import home
        from portal.supervisor.store import store_in_use

        create_store(home(), store_url, lang)
        with store_in_use(home()):
            prepare_store(lang)
            _first_log_in(admin, password, lang)
        typer.echo(text(lang, "init.next"))


def create_store(home: Path, store_url: str | None, lang: Language) -> None:
    """Home folder and an empty store: the embedded one, or the server at `store_url`. Idempotent."""
    from hub.store.postgres import EmbeddedPostgres
    from portal.supervisor.environment import make_folder, write_environment
    from portal.supervisor.store import STORE_URL, is_embedded

    make_folder(home)
    if store_url is not None:
        url = _checked(store_url)
        os.environ[STORE_URL] = url
        _ensure_dagster_database(url)
        path = write_environment({STORE_URL: url})
        typer.echo(text(lang, "init.store_external", file=path))
    elif is_embedded():
        EmbeddedPostgres(home).initialise()
        write_environment({})
        typer.echo(text(lang, "init.store_embedded", home=home))


def prepare_store(lang: Language) -> None:
    """Bring the tables to the current shape; the store must be in use."""
    from hub.store.migrate import upgrade

    typer.echo(text(lang, "init.tables"))
    upgrade()


def _checked(store_url: str) -> str:
    """The URL in the form the hub keeps: postgresql+psycopg://."""
    from sqlalchemy import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        url = make_url(store_url)
    except ArgumentError as error:
        raise Problem("environment_store_url", reason=str(error)) from error
    if url.get_backend_name() != "postgresql" or not url.database:
        raise Problem("environment_store_url", reason=f"{url.drivername}, database {url.database or '-'}")
    return url.set(drivername="postgresql+psycopg").render_as_string(hide_password=False)


def _ensure_dagster_database(url: str) -> None:
    """Create Dagster's own database beside the store if it is not there yet."""
    import psycopg
    from psycopg import sql

    from hub.store.engine import connect
    from portal.supervisor.environment import DAGSTER_DATABASE

    name = os.environ.get(DAGSTER_DATABASE, "dagster")
    with connect(url, autocommit=True) as connection:
        if connection.execute("select 1 from pg_database where datname = %s", (name,)).fetchone():
            return
        try:
            connection.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
        except psycopg.errors.InsufficientPrivilege as error:
            raise Problem("store_dagster_database", database=name, reason=str(error).strip()) from error


def _first_log_in(admin: str, password: str | None, lang: Language) -> None:
    """Create the first IT log-in unless somebody has one already; a made-up password is shown once."""
    from hub.store.engine import connect
    from portal.users import ensure_user

    with connect() as connection:
        if password is None and connection.execute("select 1 from ops.user_account limit 1").fetchone():
            typer.echo(text(lang, "init.users_exist"))
            return
        chosen = password or secrets.token_urlsafe(9)
        ensure_user(connection, admin, admin, "it", "it", chosen)
    typer.secho(text(lang, "init.log_in", login=admin, password=chosen if password is None else "***"), bold=True)
