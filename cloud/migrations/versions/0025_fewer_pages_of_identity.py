"""A statement of identity changes fewer pages: no two indexes find the same, a profile's identifiers stand together.

On SQLite the ledger also counts on behind rows that were deleted, as it did before 0014.

Revision: 0025. Follows: 0024.
"""

from hashlib import blake2b

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

_SAME = "held.tenant = moved.tenant AND held.namespace = moved.namespace AND held.pseudonym = moved.pseudonym"
_AT_ONCE = 10_000


def upgrade() -> None:
    _drop_indexes()
    with op.batch_alter_table("identity_ledger", table_kwargs={"sqlite_autoincrement": True}) as batch_op:
        comment = "NULL: its own since ever, as of whoever is new"
        batch_op.alter_column("from_one_id", existing_type=sa.String(36), nullable=True, comment=comment)
    own = f"SELECT held.own_id FROM identity_map AS held WHERE {_SAME} AND held.from_ms = 0"  # noqa: S608 - our own names
    op.execute(
        sa.text(
            "UPDATE identity_ledger AS moved SET from_one_id = NULL "  # noqa: S608 - our own names
            f"WHERE moved.from_one_id = ({own})"
        )
    )
    is_moved, is_joined = sa.text("from_one_id IS NOT NULL"), sa.text("own_id <> one_id")
    _index("identity_ledger", "from", "from_one_id", is_moved)
    _index("identity_map", "own_id", "own_id", is_joined)
    op.drop_index("ix_profile_identifiers_one_id", "profile_identifiers")
    _rekey("one_id", "namespace", "pseudonym", "from_ms")


def downgrade() -> None:
    _rekey("namespace", "pseudonym", "from_ms")
    op.create_index("ix_profile_identifiers_one_id", "profile_identifiers", ["tenant", "one_id"])
    _drop_indexes()
    _name_origins()
    with op.batch_alter_table("identity_ledger", table_kwargs={"sqlite_autoincrement": True}) as batch_op:
        batch_op.alter_column("from_one_id", existing_type=sa.String(36), nullable=False, comment=None)
    _index("identity_ledger", "from", "from_one_id")
    _index("identity_map", "own_id", "own_id")


def _drop_indexes() -> None:
    op.drop_index("ix_identity_ledger_from", "identity_ledger")
    op.drop_index("ix_identity_map_own_id", "identity_map")


def _index(table: str, name: str, column: str, where: sa.TextClause | None = None) -> None:
    op.create_index(f"ix_{table}_{name}", table, ["tenant", column], sqlite_where=where, postgresql_where=where)


def _name_origins() -> None:
    """Write down again from which profile each identifier came."""
    connection = op.get_bind()
    read = sa.text(
        "SELECT position, tenant, namespace, pseudonym FROM identity_ledger "
        "WHERE position > :after AND from_one_id IS NULL ORDER BY position LIMIT :most"
    )
    write = sa.text("UPDATE identity_ledger SET from_one_id = :own_id WHERE position = :position")
    after = 0
    while rows := connection.execute(read, {"after": after, "most": _AT_ONCE}).all():
        after = rows[-1].position
        named = [{"own_id": _own_id(*row[1:]), "position": row.position} for row in rows]
        connection.execute(write, named)


def _own_id(tenant: str, namespace: str, pseudonym: str) -> str:
    """Return the One ID of an identifier by itself, as `cloud.identity.names` made it then."""
    named = "\0".join((tenant, namespace, pseudonym))
    digest = blake2b(named.encode(), digest_size=16, person=b"shopthread.oneid").hexdigest()
    variant = f"{int(digest[16], 16) & 0b11 | 0b1000:x}"
    return f"{digest[:8]}-{digest[8:12]}-8{digest[13:16]}-{variant}{digest[17:20]}-{digest[20:]}"


def _rekey(*key: str) -> None:
    """Make the table of profiles' identifiers anew, with another key; its rows are sorted by it."""
    if op.get_bind().dialect.name == "postgresql":
        op.drop_constraint("pk_profile_identifiers", "profile_identifiers", type_="primary")
        op.create_primary_key("pk_profile_identifiers", "profile_identifiers", ["tenant", *key])
        return
    op.rename_table("profile_identifiers", "profile_identifiers_before")
    comment = "since when it is the profile's"
    op.create_table(
        "profile_identifiers",
        sa.Column("tenant", sa.String(64), nullable=False),
        sa.Column("namespace", sa.String(64), nullable=False),
        sa.Column("pseudonym", sa.String(64), nullable=False),
        sa.Column("one_id", sa.String(36), nullable=False),
        sa.Column("from_ms", sa.BigInteger(), nullable=False, autoincrement=False, comment=comment),
        sa.Column("until_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", *key, name="pk_profile_identifiers"),
        sqlite_with_rowid=key[0] != "one_id",
    )
    columns, order = "tenant, namespace, pseudonym, one_id, from_ms, until_ms", ", ".join(("tenant", *key))
    op.execute(
        f"INSERT INTO profile_identifiers ({columns}) "  # noqa: S608 - our own names
        f"SELECT {columns} FROM profile_identifiers_before ORDER BY {order}"
    )
    op.drop_table("profile_identifiers_before")
