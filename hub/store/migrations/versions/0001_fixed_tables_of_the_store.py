"""Fixed tables of the store"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "open_work_order",
        sa.Column("plant", sa.Text(), nullable=False),
        sa.Column("work_order_code", sa.Text(), nullable=False),
        sa.Column("material_code", sa.Text(), nullable=True),
        sa.Column("material_name", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), nullable=True),
        sa.Column("planned_qty", sa.Numeric(), nullable=True),
        sa.Column("reported_qty", sa.Numeric(), nullable=True),
        sa.Column("progress_percent", sa.Numeric(), nullable=True),
        sa.Column("planned_finish_date", sa.Date(), nullable=True),
        sa.Column("is_late", sa.Boolean(), nullable=True),
        sa.Column("sources", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("plant", "work_order_code"),
        schema="mart",
    )
    op.create_table(
        "quality_score",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("dataset", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column("department", sa.Text(), nullable=False),
        sa.Column("dimension", sa.Text(), nullable=False),
        sa.Column("severity", sa.Text(), nullable=False),
        sa.Column("rows_checked", sa.BigInteger(), nullable=False),
        sa.Column("rows_failed", sa.BigInteger(), nullable=False),
        sa.Column("weight", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("day", "dataset", "rule"),
        schema="mart",
    )
    op.create_table(
        "golden_record",
        sa.Column("golden_id", sa.Text(), nullable=False),
        sa.Column("domain", sa.Text(), nullable=False),
        sa.Column("redirect_to", sa.Text(), nullable=True),
        sa.Column("minted_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("golden_id"),
        schema="master",
    )
    op.create_table(
        "match_key",
        sa.Column("domain", sa.Text(), nullable=False),
        sa.Column("dataset", sa.Text(), nullable=False),
        sa.Column("source_key", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("domain", "dataset", "source_key", "kind"),
        schema="master",
    )
    op.create_index("match_key_lookup", "match_key", ["domain", "kind", "key"], unique=False, schema="master")
    op.create_table(
        "audit",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("login", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("detail", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        schema="ops",
    )
    op.create_table(
        "check_result",
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("ok", sa.Boolean(), nullable=False),
        sa.Column("sentence_zh", sa.Text(), nullable=False),
        sa.Column("sentence_en", sa.Text(), nullable=False),
        sa.Column("checked_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("system"),
        schema="ops",
    )
    op.create_table(
        "cursor",
        sa.Column("dataset", sa.Text(), nullable=False),
        sa.Column("position", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("load_id", sa.BigInteger(), nullable=False),
        sa.Column("rules", sa.Text(), nullable=False),
        sa.Column("moved_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("dataset"),
        schema="ops",
    )
    op.create_table(
        "lease",
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("system"),
        schema="ops",
    )
    op.create_table(
        "load",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("dataset", sa.Text(), nullable=False),
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("rules", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("rows_read", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("loaded", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("held", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("rejected", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("unchanged", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("deleted", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("problem", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        schema="ops",
    )
    op.create_index("load_dataset", "load", ["dataset", "id"], unique=False, schema="ops")
    op.create_table(
        "source_file",
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("object", sa.Text(), nullable=True),
        sa.Column("problem", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("sha256", sa.Text(), nullable=True),
        sa.Column("seen_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("system", "path"),
        schema="ops",
    )
    op.create_table(
        "upload",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("login", sa.Text(), nullable=False),
        sa.Column("department", sa.Text(), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("stored_path", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("template", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("heartbeat", sa.DateTime(timezone=True), nullable=True),
        sa.Column("progress", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("rows_read", sa.BigInteger(), nullable=True),
        sa.Column("rows_ready", sa.BigInteger(), nullable=True),
        sa.Column("rows_held", sa.BigInteger(), nullable=True),
        sa.Column("rows_rejected", sa.BigInteger(), nullable=True),
        sa.Column("sheet", sa.Text(), nullable=True),
        sa.Column("header_row", sa.BigInteger(), nullable=True),
        sa.Column("problem", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("notes", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decision_note", sa.Text(), nullable=True),
        sa.Column("load_id", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        schema="ops",
    )
    op.create_index("upload_status", "upload", ["status"], unique=False, schema="ops")
    op.create_table(
        "user_account",
        sa.Column("login", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("department", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), server_default="zh", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("login"),
        schema="ops",
    )
    op.create_table(
        "deleted_row",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("dataset", sa.Text(), nullable=False),
        sa.Column("source_key", sa.Text(), nullable=False),
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column("was", sa.Text(), nullable=False),
        sa.Column("record", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("load_id", sa.BigInteger(), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        schema="quality",
    )
    op.create_index("deleted_row_key", "deleted_row", ["dataset", "source_key"], unique=False, schema="quality")
    op.create_table(
        "finding",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column("dataset", sa.Text(), nullable=False),
        sa.Column("department", sa.Text(), nullable=False),
        sa.Column("source_key", sa.Text(), nullable=False),
        sa.Column("column_name", sa.Text(), nullable=False),
        sa.Column("source_column", sa.Text(), nullable=True),
        sa.Column("value", sa.Text(), nullable=True),
        sa.Column("severity", sa.Text(), nullable=False),
        sa.Column("dimension", sa.Text(), nullable=False),
        sa.Column("hold", sa.Boolean(), nullable=False),
        sa.Column("file_id", sa.BigInteger(), nullable=True),
        sa.Column("row_no", sa.BigInteger(), nullable=True),
        sa.Column("cell", sa.Text(), nullable=True),
        sa.Column("detail", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("first_load_id", sa.BigInteger(), nullable=False),
        sa.Column("last_load_id", sa.BigInteger(), nullable=False),
        sa.Column("first_seen_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        schema="quality",
    )
    op.create_index(
        "finding_open",
        "finding",
        ["dataset", "source_key", "rule", "column_name"],
        unique=True,
        schema="quality",
        postgresql_where=sa.text("resolved_at is null"),
    )
    op.create_index(
        "finding_rule",
        "finding",
        ["rule"],
        unique=False,
        schema="quality",
        postgresql_where=sa.text("resolved_at is null"),
    )
    op.create_table(
        "held_row",
        sa.Column("dataset", sa.Text(), nullable=False),
        sa.Column("source_key", sa.Text(), nullable=False),
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column("plant", sa.Text(), nullable=False),
        sa.Column("record", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("raw", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("row_hash", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("file_id", sa.BigInteger(), nullable=True),
        sa.Column("row_no", sa.BigInteger(), nullable=True),
        sa.Column("load_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("dataset", "source_key"),
        schema="quality",
    )
    op.create_table(
        "rejected_row",
        sa.Column("dataset", sa.Text(), nullable=False),
        sa.Column("source_key", sa.Text(), nullable=False),
        sa.Column("raw", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("row_hash", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("file_id", sa.BigInteger(), nullable=True),
        sa.Column("row_no", sa.BigInteger(), nullable=True),
        sa.Column("load_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("dataset", "source_key"),
        schema="quality",
    )
    op.create_table(
        "value_change",
        sa.Column("dataset", sa.Text(), nullable=False),
        sa.Column("source_key", sa.Text(), nullable=False),
        sa.Column("column_name", sa.Text(), nullable=False),
        sa.Column("source_column", sa.Text(), nullable=True),
        sa.Column("raw_value", sa.Text(), nullable=True),
        sa.Column("value", sa.Text(), nullable=True),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("file_id", sa.BigInteger(), nullable=True),
        sa.Column("cell", sa.Text(), nullable=True),
        sa.Column("load_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("dataset", "source_key", "column_name"),
        schema="quality",
    )
    op.create_table(
        "crosswalk",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("domain", sa.Text(), nullable=False),
        sa.Column("dataset", sa.Text(), nullable=False),
        sa.Column("source_key", sa.Text(), nullable=False),
        sa.Column("golden_id", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("valid_to", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["golden_id"],
            ["master.golden_record.golden_id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        schema="master",
    )
    op.create_index(
        "crosswalk_current",
        "crosswalk",
        ["domain", "dataset", "source_key"],
        unique=True,
        schema="master",
        postgresql_where=sa.text("valid_to is null"),
    )
    op.create_index("crosswalk_golden", "crosswalk", ["golden_id"], unique=False, schema="master")
    op.create_table(
        "landed_file",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("load_id", sa.BigInteger(), nullable=False),
        sa.Column("dataset", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("source_path", sa.Text(), nullable=True),
        sa.Column("source_sha256", sa.Text(), nullable=True),
        sa.Column("sheet", sa.Text(), nullable=True),
        sa.Column("columns", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("header_row", sa.BigInteger(), nullable=True),
        sa.Column("landed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["load_id"],
            ["ops.load.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        schema="ops",
    )
    op.create_index("landed_file_load", "landed_file", ["load_id"], unique=False, schema="ops")
    op.create_table(
        "upload_finding",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("upload_id", sa.BigInteger(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("severity", sa.Text(), nullable=False),
        sa.Column("hold", sa.Boolean(), nullable=False),
        sa.Column("row_no", sa.BigInteger(), nullable=False),
        sa.Column("cell", sa.Text(), nullable=True),
        sa.Column("source_column", sa.Text(), nullable=True),
        sa.Column("value", sa.Text(), nullable=True),
        sa.Column("suggestion", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["upload_id"], ["ops.upload.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        schema="ops",
    )
    op.create_index("upload_finding_upload", "upload_finding", ["upload_id", "row_no"], unique=False, schema="ops")
    op.create_table(
        "user_session",
        sa.Column("id_sha256", sa.Text(), nullable=False),
        sa.Column("login", sa.Text(), nullable=False),
        sa.Column("csrf", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["login"],
            ["ops.user_account.login"],
        ),
        sa.PrimaryKeyConstraint("id_sha256"),
        schema="ops",
    )


def downgrade() -> None:
    for domain in ("customer", "supplier", "material"):  # views over the tables below; upgrade() makes them again
        op.execute(f"drop view if exists master.{domain}")
    op.drop_table("user_session", schema="ops")
    op.drop_index("upload_finding_upload", table_name="upload_finding", schema="ops")
    op.drop_table("upload_finding", schema="ops")
    op.drop_index("landed_file_load", table_name="landed_file", schema="ops")
    op.drop_table("landed_file", schema="ops")
    op.drop_index("crosswalk_golden", table_name="crosswalk", schema="master")
    op.drop_index(
        "crosswalk_current", table_name="crosswalk", schema="master", postgresql_where=sa.text("valid_to is null")
    )
    op.drop_table("crosswalk", schema="master")
    op.drop_table("value_change", schema="quality")
    op.drop_table("rejected_row", schema="quality")
    op.drop_table("held_row", schema="quality")
    op.drop_index(
        "finding_rule", table_name="finding", schema="quality", postgresql_where=sa.text("resolved_at is null")
    )
    op.drop_index(
        "finding_open", table_name="finding", schema="quality", postgresql_where=sa.text("resolved_at is null")
    )
    op.drop_table("finding", schema="quality")
    op.drop_index("deleted_row_key", table_name="deleted_row", schema="quality")
    op.drop_table("deleted_row", schema="quality")
    op.drop_table("user_account", schema="ops")
    op.drop_index("upload_status", table_name="upload", schema="ops")
    op.drop_table("upload", schema="ops")
    op.drop_table("source_file", schema="ops")
    op.drop_index("load_dataset", table_name="load", schema="ops")
    op.drop_table("load", schema="ops")
    op.drop_table("lease", schema="ops")
    op.drop_table("cursor", schema="ops")
    op.drop_table("check_result", schema="ops")
    op.drop_table("audit", schema="ops")
    op.drop_index("match_key_lookup", table_name="match_key", schema="master")
    op.drop_table("match_key", schema="master")
    op.drop_table("golden_record", schema="master")
    op.drop_table("quality_score", schema="mart")
    op.drop_table("open_work_order", schema="mart")
