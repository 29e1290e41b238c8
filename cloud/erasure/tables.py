"""Tables of erasure: whom the cloud has forgotten, without saying who it was."""

from sqlalchemy import BigInteger, Column, Index, String, Table

from cloud.columns import metadata, tenant_column

erasure_keys = Table(
    "erasure_keys",
    metadata,
    tenant_column(primary_key=True),
    Column("secret", String(64), nullable=False, comment="keys the hashes of this tenant's erased identifiers"),
)

erased_identifiers = Table(
    "erased_identifiers",
    metadata,
    tenant_column(primary_key=True),
    Column("digest", String(64), primary_key=True, comment="keyed hash of the identifier"),
    Column("from_ms", BigInteger, primary_key=True, autoincrement=False, comment="since when it was the member's"),
    Column("erased_ms", BigInteger, nullable=False, comment="what happened since then and up to here is forgotten"),
    Column("position", BigInteger, nullable=False, comment="in the order of erasure, over all tenants; for gateways"),
    Index("ix_erased_identifiers_position", "tenant", "position"),
)
