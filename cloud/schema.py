"""The whole schema: importing this module declares every table."""

from cloud import tables
from cloud.alerts import tables as alerts_tables
from cloud.analytics import tables as analytics_tables
from cloud.audits import tables as audits_tables
from cloud.changes import tables as changes_tables
from cloud.codes import tables as codes_tables
from cloud.columns import metadata
from cloud.duplicates import tables as duplicates_tables
from cloud.erasure import tables as erasure_tables
from cloud.floor import tables as floor_tables
from cloud.identity import tables as identity_tables
from cloud.lateness import tables as lateness_tables
from cloud.linking import tables as linking_tables
from cloud.profiles import tables as profiles_tables
from cloud.retention import tables as retention_tables
from cloud.webhooks import tables as webhooks_tables

__all__ = [
    "alerts_tables",
    "analytics_tables",
    "audits_tables",
    "changes_tables",
    "codes_tables",
    "duplicates_tables",
    "erasure_tables",
    "floor_tables",
    "identity_tables",
    "lateness_tables",
    "linking_tables",
    "metadata",
    "profiles_tables",
    "retention_tables",
    "tables",
    "webhooks_tables",
]
