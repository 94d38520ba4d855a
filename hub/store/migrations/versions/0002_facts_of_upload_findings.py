"""Facts of upload findings, so that they read as the same sentences as loaded findings"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("upload_finding", sa.Column("column_name", sa.Text(), nullable=True), schema="ops")
    op.add_column(
        "upload_finding",
        sa.Column("detail", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        schema="ops",
    )


def downgrade() -> None:
    op.drop_column("upload_finding", "detail", schema="ops")
    op.drop_column("upload_finding", "column_name", schema="ops")
