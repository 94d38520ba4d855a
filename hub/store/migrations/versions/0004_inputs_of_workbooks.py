"""Mail and SFTP inputs, versions of workbooks, remembered headers"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0002"
branch_labels = None
depends_on = None

_JSON = postgresql.JSONB(astext_type=sa.Text())


def _text(name: str, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.Text(), nullable=nullable)


def _number(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.BigInteger(), nullable=False)


def _json(name: str, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, _JSON, nullable=nullable)


def _now(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False)


def _time(name: str, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def upgrade() -> None:
    op.create_table(
        "input_state",
        _text("system"),
        _text("input"),
        _text("kind"),
        _json("position"),
        _json("problem", nullable=True),
        _now("looked_at"),
        _time("received_at", nullable=True),
        sa.PrimaryKeyConstraint("system", "input"),
        schema="ops",
    )
    op.create_table(
        "received_message",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        _text("system"),
        _text("input"),
        _number("uidvalidity"),
        _number("uid"),
        _text("message_id"),
        _text("content"),
        _text("sender"),
        _text("subject"),
        _time("sent_at"),
        _text("status"),
        _json("problems", nullable=True),
        sa.Column("marked", sa.Boolean(), nullable=False),
        _now("received_at"),
        sa.PrimaryKeyConstraint("id"),
        schema="ops",
    )
    where = ["system", "input"]
    op.create_index(
        "received_message_uid", "received_message", [*where, "uidvalidity", "uid"], unique=True, schema="ops"
    )
    op.create_index("received_message_id", "received_message", [*where, "message_id"], schema="ops")
    op.create_table(
        "received_file",
        _text("system"),
        _text("id"),
        _text("input"),
        _text("path"),
        _text("sha256"),
        _number("size"),
        _time("modified_at"),
        _json("origin"),
        _now("received_at"),
        sa.PrimaryKeyConstraint("system", "id"),
        schema="ops",
    )
    op.create_index("received_file_content", "received_file", ["sha256"], schema="ops")
    op.create_table(
        "version_change",
        _text("dataset"),
        _text("old_sha256"),
        _text("new_sha256"),
        _text("old_path"),
        _text("new_path"),
        _json("rule"),
        _number("added"),
        _number("changed"),
        _number("removed"),
        _json("change"),
        _now("compared_at"),
        sa.PrimaryKeyConstraint("dataset", "old_sha256", "new_sha256"),
        schema="ops",
    )
    op.create_table(
        "remembered_header",
        _text("template"),
        _text("header"),
        _text("written"),
        _text("column_name", nullable=True),
        _text("decided_by"),
        _now("decided_at"),
        sa.PrimaryKeyConstraint("template", "header"),
        schema="ops",
    )
    op.add_column("source_file", _json("rule", nullable=True), schema="ops")
    op.add_column("source_file", _json("origin", nullable=True), schema="ops")


def downgrade() -> None:
    op.drop_column("source_file", "origin", schema="ops")
    op.drop_column("source_file", "rule", schema="ops")
    for table in ("remembered_header", "version_change", "received_file", "received_message", "input_state"):
        op.drop_table(table, schema="ops")
