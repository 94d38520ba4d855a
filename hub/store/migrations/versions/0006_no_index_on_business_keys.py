"""No index on business keys: no statement used it, and it cost a tenth of every first load"""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

# core.<entity> is made from the contracts (core_tables.py), so the names are only known here by their end.
_DROP = """
    do $$ declare name text; begin
        for name in select indexname from pg_indexes where schemaname = 'core' and indexname like '%\\_business\\_key'
        loop execute format('drop index core.%I', name); end loop;
    end $$
"""


def upgrade() -> None:
    op.execute(_DROP)


def downgrade() -> None:
    pass  # an index is not part of any content
