"""How much of a SQLite file a connection holds."""

import pytest

from cloud.app import open_database
from cloud.config import Settings
from cloud.db import ReadSession
from cloud.piles import writing_much

USUAL_MIB, SORTING_MIB = 16, 64


def cache_mib(session: ReadSession) -> float:
    """Return what a connection may hold; SQLite tells kibibytes as a negative number."""
    return -float(session.connection.exec_driver_sql("PRAGMA cache_size").scalar_one()) / 1024


@pytest.mark.parametrize(("settings", "sorting_mib"), [({}, SORTING_MIB), ({"sqlite_cache_mib": 200}, 200)])
def test_a_connection_holds_what_settings_say_and_more_while_it_sorts(
    sqlite_settings: Settings, settings: dict[str, int], sorting_mib: int
):
    database = open_database(Settings(data_dir=sqlite_settings.data_dir, **settings))  # type: ignore[arg-type]
    usual_mib = settings.get("sqlite_cache_mib", USUAL_MIB)
    with database.read() as session:
        assert cache_mib(session) == usual_mib
    with database.write() as session:
        with writing_much(session):
            assert cache_mib(session) == sorting_mib
        assert cache_mib(session) == usual_mib
    database.dispose()
