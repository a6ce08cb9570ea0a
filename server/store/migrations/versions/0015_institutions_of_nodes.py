"""Under whose message ids a node may send; a node that was registered before may go on under any."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Empty: any, as it was."""
    op.add_column("node", sa.Column("institutions", sqlmodel.sql.sqltypes.AutoString(), nullable=False, server_default=""))


def downgrade() -> None:
    """Take it back."""
    op.drop_column("node", "institutions")
