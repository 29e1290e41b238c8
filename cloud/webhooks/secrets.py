"""Secrets of webhooks and of alerts' channels, as the database keeps them: under the service's own key."""

from sqlalchemy import Table, select, update

from cloud.alerts.tables import alert_channels
from cloud.db import AnyRow, Database, ReadSession
from cloud.keys.sealing import is_sealed
from cloud.keys.service import KeyService
from cloud.webhooks.tables import webhooks


def secret_owner(webhook_id: str) -> str:
    """Return for what a webhook's secret is kept."""
    return f"webhook {webhook_id}"


def open_secret(keys: KeyService, kept: str, webhook_id: str) -> str:
    """Return a webhook's secret; one that an older version left in clear is what it is.

    Raises:
        SealError: It was kept under another key, or is damaged.
        ConfigError: The service's key cannot be read or made.
    """
    return keys.unseal(kept, secret_owner(webhook_id)) if is_sealed(kept) else kept


def seal_clear_secrets(database: Database, keys: KeyService) -> int:
    """Keep under the service's key what an older version left in clear; return how many secrets that was.

    SQLite overwrites what it frees; PostgreSQL does so when it vacuums, and backups from before hold the secrets still.

    Raises:
        ConfigError: The service's key cannot be read or made.
    """
    with database.read() as session:
        clear = [(table, row) for table in (webhooks, alert_channels) for row in _in_clear(session, table)]
    if not clear:
        return 0
    with database.write() as session:
        if session.dialect == "sqlite":
            session.connection.exec_driver_sql("PRAGMA secure_delete = ON")
        for table, row in clear:
            this = (table.c.id == row.id) & (table.c.secret == row.secret)
            session.execute(update(table).where(this).values(secret=keys.seal(row.secret, secret_owner(row.id))))
    with database.engine.connect() as connection:
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    return len(clear)


def _in_clear(session: ReadSession, table: Table) -> list[AnyRow]:
    held = session.rows(select(table.c.id, table.c.secret).where(table.c.secret.is_not(None)))
    return [row for row in held if not is_sealed(row.secret)]
