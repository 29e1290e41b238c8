"""A restart is sent to a device that is there, again where it was lost, and never once the device has started."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from contracts.device_restart import Restarted, decode_restart, encode_restart
from contracts.errors import ContractError
from gateway.adapters.device_database import DEVICES_FILE, MIGRATIONS, DeviceDatabase
from gateway.adapters.restart_rows import RestartRow, RestartRows

THERE = frozenset({"kiosk"})


@pytest.fixture
def rows(tmp_path: Path) -> Iterator[RestartRows]:
    database = DeviceDatabase(tmp_path / DEVICES_FILE)
    yield RestartRows(database)
    database.close()


def _sent(rows: RestartRows, online: frozenset[str] = THERE) -> list[str]:
    orders = list(rows.orders(online, 1))
    assert not any(each.retain for each in orders)
    return [decode_restart(each.body).request_id for each in orders]


def _says(rows: RestartRows, request_id: str, started_ms: int = 5) -> None:
    assert (
        list(rows.take("kiosk", "restarted", encode_restart(Restarted(request_id=request_id, started_ms=started_ms))))
        == []
    )


def test_a_restart_waits_is_sent_once_and_is_done_by_the_start_that_names_it(rows: RestartRows):
    rows.ask("kiosk", "why", 1)
    assert (_sent(rows, frozenset()), rows.rows()) == ([], {"kiosk": RestartRow("waiting", None)})
    (request_id,) = _sent(rows)
    assert (_sent(rows), rows.rows()) == ([], {"kiosk": RestartRow("sent", None)})
    _says(rows, request_id, 7)
    assert (_sent(rows), rows.rows()) == ([], {"kiosk": RestartRow("done", 7)})
    _says(rows, "other", 9)
    assert (_sent(rows), rows.rows()) == ([], {"kiosk": RestartRow("done", 7)}), "a later start of another cause"


def test_a_device_that_started_without_the_request_gets_it_again(rows: RestartRows):
    rows.ask("kiosk", "why", 1)
    first = _sent(rows)
    _says(rows, "")
    assert _sent(rows) == first


def test_another_request_takes_the_place_of_one_that_is_under_way(rows: RestartRows):
    rows.ask("kiosk", "why", 1)
    (first,) = _sent(rows)
    rows.ask("kiosk", "once more", 2)
    _says(rows, first)
    (second,) = _sent(rows)
    assert second != first
    assert rows.rows() == {"kiosk": RestartRow("sent", None)}


def test_what_is_no_report_is_refused(rows: RestartRows):
    with pytest.raises(ContractError):
        rows.take("kiosk", "restarted", b"?")


def test_a_restart_that_an_earlier_version_was_asked_for_is_sent(tmp_path: Path):
    with closing(sqlite3.connect(tmp_path / DEVICES_FILE)) as db:
        for script in MIGRATIONS[:5]:
            db.executescript(script)
        db.execute("INSERT INTO restart VALUES ('kiosk', 'why', 1)")
        db.execute("PRAGMA user_version = 5")
        db.commit()
    database = DeviceDatabase(tmp_path / DEVICES_FILE)
    assert len(_sent(RestartRows(database))) == 1
    database.close()
