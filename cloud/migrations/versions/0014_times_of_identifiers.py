"""Identifiers belong to somebody from one time to another; what stands was said for good.

Revision: 0014. Follows: 0013.
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_FOREVER_MS = 1 << 62


def _column(name: str, value: int | None, comment: str | None = None) -> sa.Column[int]:
    """Return a column of instants; the rows that stand get `value`."""
    default = None if value is None else str(value)
    return sa.Column(name, sa.BigInteger(), nullable=value is None, server_default=default, comment=comment)


def upgrade() -> None:
    with op.batch_alter_table("identity_mentions") as batch_op:
        batch_op.add_column(_column("from_ms", None, "since when it was the person's, NULL: not said"))
        batch_op.add_column(_column("until_ms", None, "when it was given back, NULL: not said"))
    _add(
        "identity_ledger",
        _column("from_ms", 0, "for which time the identifier moved"),
        _column("until_ms", _FOREVER_MS),
    )
    _add("identity_refusals", _column("left_from_ms", 0, "which of its holders"), _column("right_from_ms", 0))
    with op.batch_alter_table("identity_refusals") as batch_op:
        batch_op.alter_column("reason", comment="limit, blocked, hub or quarantine", existing_type=sa.String(64))
    _add(
        "identity_map",
        _column("from_ms", 0, "0: ever"),
        _column("until_ms", _FOREVER_MS, "where the next row begins, or for good"),
        sa.Column(
            "is_held",
            sa.Boolean(),
            nullable=False,
            server_default=sa.true(),
            comment="false: no statement says whose it is then",
        ),
    )
    with op.batch_alter_table("identity_map") as batch_op:
        batch_op.alter_column(
            "own_id", comment="the One ID that this identifier alone would have then", existing_type=sa.String(36)
        )
    _rekey("identity_map", "tenant", "namespace", "pseudonym", "from_ms")
    _add(
        "profile_identifiers",
        _column("from_ms", 0, "since when it is the profile's"),
        _column("until_ms", _FOREVER_MS),
    )
    _rekey("profile_identifiers", "tenant", "namespace", "pseudonym", "from_ms")
    _add("erased_identifiers", _column("from_ms", 0, "since when it was the member's"))
    with op.batch_alter_table("erased_identifiers") as batch_op:
        batch_op.alter_column(
            "erased_ms", comment="what happened since then and up to here is forgotten", existing_type=sa.BigInteger()
        )
    _rekey("erased_identifiers", "tenant", "digest", "from_ms")


def _add(table: str, *columns: sa.Column[int] | sa.Column[bool]) -> None:
    """Add columns to a table with rows; no default stays behind."""
    with op.batch_alter_table(table) as batch_op:
        for column in columns:
            batch_op.add_column(column)
    with op.batch_alter_table(table) as batch_op:
        for column in columns:
            batch_op.alter_column(column.name, server_default=None)


def _rekey(table: str, *columns: str) -> None:
    with op.batch_alter_table(table, naming_convention={"pk": "pk_%(table_name)s"}) as batch_op:
        batch_op.drop_constraint(f"pk_{table}", type_="primary")
        batch_op.create_primary_key(f"pk_{table}", list(columns))


def downgrade() -> None:
    for table in ("identity_map", "profile_identifiers", "erased_identifiers"):
        op.execute(sa.text(f"DELETE FROM {table} WHERE from_ms > 0"))  # noqa: S608 - our own names
    _rekey("erased_identifiers", "tenant", "digest")
    _rekey("profile_identifiers", "tenant", "namespace", "pseudonym")
    _rekey("identity_map", "tenant", "namespace", "pseudonym")
    dropped = {
        "erased_identifiers": ("from_ms",),
        "profile_identifiers": ("from_ms", "until_ms"),
        "identity_map": ("from_ms", "until_ms", "is_held"),
        "identity_refusals": ("left_from_ms", "right_from_ms"),
        "identity_ledger": ("from_ms", "until_ms"),
        "identity_mentions": ("from_ms", "until_ms"),
    }
    for table, columns in dropped.items():
        with op.batch_alter_table(table) as batch_op:
            for column in columns:
                batch_op.drop_column(column)
