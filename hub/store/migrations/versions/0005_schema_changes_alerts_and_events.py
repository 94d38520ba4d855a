"""Schema changes of sources, alerts, webhook events, and what a load cost its source"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_JSON = postgresql.JSONB(astext_type=sa.Text())
_NOW = sa.text("now()")


def _time(name: str, nullable: bool = True) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), server_default=None if nullable else _NOW, nullable=nullable)


def _id() -> sa.Column[object]:
    return sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False)


def upgrade() -> None:
    op.add_column("load", sa.Column("notes", _JSON, nullable=True), schema="ops")
    op.add_column("load", sa.Column("burden", _JSON, nullable=True), schema="ops")
    op.add_column("check_result", sa.Column("points", _JSON, nullable=True), schema="ops")
    op.create_table(
        "source_schema",
        sa.Column("dataset", sa.Text(), nullable=False),
        sa.Column("columns", _JSON, nullable=False),
        _time("seen_at", nullable=False),
        sa.PrimaryKeyConstraint("dataset"),
        schema="ops",
    )
    op.create_table(
        "schema_change",
        _id(),
        sa.Column("dataset", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("column_name", sa.Text(), nullable=False),
        sa.Column("before", sa.Text(), nullable=True),
        sa.Column("after", sa.Text(), nullable=True),
        sa.Column("used", sa.Boolean(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("load_id", sa.BigInteger(), nullable=False),
        _time("found_at", nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=True),
        _time("decided_at"),
        sa.PrimaryKeyConstraint("id"),
        schema="ops",
    )
    op.create_index("schema_change_dataset", "schema_change", ["dataset", "id"], schema="ops")
    op.create_table(
        "alert",
        _id(),
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("dataset", sa.Text(), nullable=True),
        sa.Column("severity", sa.Text(), nullable=False),
        sa.Column("problem", _JSON, nullable=False),
        _time("raised_at", nullable=False),
        _time("last_raised_at", nullable=False),
        sa.Column("times", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("seen_by", sa.Text(), nullable=True),
        _time("seen_at"),
        _time("sent_at"),
        sa.Column("send_problem", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        schema="ops",
    )
    op.create_index("alert_open", "alert", ["seen_at", "id"], schema="ops")
    op.create_table(
        "webhook_event",
        _id(),
        sa.Column("dataset", sa.Text(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("source_key", sa.Text(), nullable=False),
        sa.Column("stamp", sa.BigInteger(), nullable=True),
        sa.Column("is_deletion", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("payload", _JSON, nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        _time("received_at", nullable=False),
        sa.Column("load_id", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("dataset", "event_id", name="webhook_event_once"),
        schema="ops",
    )
    op.create_index("webhook_event_waiting", "webhook_event", ["dataset", "status", "id"], schema="ops")


def downgrade() -> None:
    for table in ("webhook_event", "alert", "schema_change", "source_schema"):
        op.drop_table(table, schema="ops")
    op.drop_column("check_result", "points", schema="ops")
    op.drop_column("load", "burden", schema="ops")
    op.drop_column("load", "notes", schema="ops")
