"""Alembic's entry: run migrations on the engine that hub.store.migrate hands over."""

from alembic import context
from sqlalchemy import text

from hub.store.models import SCHEMAS, Base

# core.<entity> is made from contracts, not from models: leave it out of comparisons.
_OWN_SCHEMAS = set(SCHEMAS) - {"core"}


def _is_ours(name: str | None, type_: str, _parents: object) -> bool:
    return name in _OWN_SCHEMAS if type_ == "schema" else True


def run() -> None:
    with context.config.attributes["engine"].connect() as connection:
        for schema in SCHEMAS:
            connection.execute(text(f'create schema if not exists "{schema}"'))
        connection.commit()
        context.configure(
            connection=connection,
            target_metadata=Base.metadata,
            version_table_schema="ops",
            include_schemas=True,
            include_name=_is_ours,
        )
        with context.begin_transaction():
            context.run_migrations()


run()
