"""The worker's thread, writers side by side, and what an operator sees on the command line."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from sqlalchemy import select, text
from typer.testing import CliRunner

from cloud.app import create_app, make_projector
from cloud.config import Settings
from cloud.db import Database
from cloud.ingest.judge import judge_batch
from cloud.ingest.repository import append_events
from cloud.main import StartError, bind, prepare_database
from cloud.migrate import newest_revision
from cloud.projections.projector import Projector
from cloud.projections.worker import ProjectionWorker
from cloud.tables import crossings, event_log
from contracts.delivery import INGEST_PATH, decode_receipt
from shopthread.cloud_commands import app as cli
from tests.integration.cloud.support import T0, TENANT, Cloud, Shop


def wait_for(condition: object, timeout_s: float = 90.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():  # type: ignore[operator]  # any callable
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def count_crossings(database: Database) -> int:
    with database.read() as session:
        return len(session.rows(select(crossings.c.event_id)))


def test_the_worker_takes_in_what_it_is_woken_for(cloud: Cloud, shop: Shop):
    worker = ProjectionWorker(cloud.projector, interval_s=30)
    worker.start()
    cloud.ingest([shop.crossing(T0)])
    worker.wake()
    wait_for(lambda: count_crossings(cloud.database) == 1)
    worker.stop()
    assert worker.last_failure() is None


def test_the_worker_outlives_a_failure_and_says_why(cloud: Cloud, shop: Shop):
    with cloud.database.write() as session:
        session.execute(text("ALTER TABLE crossings RENAME TO away"))
    cloud.ingest([shop.crossing(T0)])
    worker = ProjectionWorker(cloud.projector, interval_s=0.02)
    worker.start()
    wait_for(lambda: worker.last_failure() is not None)
    assert "crossings" in (worker.last_failure() or "")
    with cloud.database.write() as session:
        session.execute(text("ALTER TABLE away RENAME TO crossings"))
    wait_for(lambda: worker.last_failure() is None and count_crossings(cloud.database) == 1)
    worker.stop()


def test_two_projectors_side_by_side_count_once(cloud: Cloud, shop: Shop, settings: Settings):
    other = Cloud(settings)
    raws = [shop.crossing(T0 + number) for number in range(300)]

    def send(part: list[bytes]) -> int:
        return cloud.ingest(part).inserted

    def project(projector: Projector) -> None:
        for _ in range(15):
            projector.catch_up()

    with ThreadPoolExecutor(6) as pool:
        sent = [pool.submit(send, raws[start : start + 50]) for start in range(0, 300, 25)]
        moved = [pool.submit(project, one.projector) for one in (cloud, other)]
        assert sum(one.result() for one in sent) == 300
        for one in moved:
            one.result()
    cloud.projector.catch_up()
    state = cloud.state()
    assert len(state["crossings"]) == 300
    assert [row[4] for row in state["event_counts"]] == [300]
    other.close()


@pytest.mark.postgresql
@pytest.mark.parametrize("settings", ["postgresql"], indirect=True)
def test_positions_become_visible_in_their_order(cloud: Cloud, shop: Shop):
    """A slow writer holds the log's lock: a later one gets later positions and cannot overtake it."""
    first, second = (judge_batch([shop.crossing(T0 + number)], TENANT, T0)[0] for number in (1, 2))
    wrote = threading.Event()

    def write_second() -> None:
        with cloud.database.write() as session:
            append_events(session, second, 0)
        wrote.set()

    with cloud.database.write() as session:
        append_events(session, first, 0)
        thread = threading.Thread(target=write_second)
        thread.start()
        assert not wrote.wait(0.3), "the second writer must wait for the first one's commit"
        cloud.projector.catch_up()
    thread.join()
    cloud.projector.catch_up()
    assert count_crossings(cloud.database) == 2
    with cloud.database.read() as read:
        rows = read.rows(select(event_log.c.event_id).order_by(event_log.c.position))
    assert [row.event_id for row in rows] == [first[0].event_id, second[0].event_id]


def run(*arguments: str) -> tuple[int, str]:
    outcome = CliRunner().invoke(cli, list(arguments))
    return outcome.exit_code, outcome.output


def test_an_operator_from_an_empty_directory_to_figures(tmp_path: Path, shop: Shop):
    place = ("--data-dir", str(tmp_path / "new"))
    code, said = run("create-key", "--tenant", "acme", "--scope", "read", *place)
    assert (code, "run 'shopthread cloud migrate'" in said) == (1, True)
    assert run("migrate", *place)[1].endswith(f"is at revision {newest_revision()}\n")
    assert run("check", *place)[1].endswith("is as it should be\n")
    code, said = run("create-key", "--tenant", "acme", "--scope", "read", "--scope", "ingest", *place)
    assert code == 0
    assert said.splitlines()[-1].startswith("stk_")
    assert run("create-key", "--tenant", "Acme", "--scope", "read", *place)[0] == 1
    code, said = run("create-key", "--tenant", "acme", "--scope", "root", *place)
    assert (code, "got root" in said) == (1, True)
    cloud = Cloud(Settings(data_dir=str(tmp_path / "new")))
    cloud.ingest([shop.crossing(T0)])
    cloud.close()
    assert "footfall behind by          1\n" in run("status", *place)[1]
    assert run("rebuild", *place)[1] == "rebuilt from the event log\n"
    assert "footfall behind by          0\n" in run("status", *place)[1]


def test_what_stops_the_start_is_one_line(tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch):
    with bind(Settings(port=0)) as taken:
        assert taken.proto == socket.IPPROTO_TCP, "else asyncio leaves Nagle's algorithm on: 40 ms an answer"
        port = taken.getsockname()[1]
        with pytest.raises(StartError, match=f"127.0.0.1:{port} .*--port"):
            bind(Settings(port=port))
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(StartError, match="--data-dir"):
        prepare_database(Settings(data_dir=str(blocked / "x")), migrates=False)
    with pytest.raises(StartError, match="check database_url"):
        prepare_database(Settings(database_url="postgresql://nobody@127.0.0.1:1/none"), migrates=False)
    monkeypatch.setenv("SHOPTHREAD_CLOUD_PORT", "many")
    code, said = run("serve", "--data-dir", str(tmp_path / "y"))
    assert (code, len(said.strip().splitlines()), "port" in said) == (1, 1, True)
    create_app(settings).state.context.database.dispose()


def test_a_locked_database_is_named(tmp_path: Path):
    settings = Settings(data_dir=str(tmp_path), busy_timeout_s=0.1)
    prepare_database(settings, migrates=True)
    holder = Cloud(settings)
    with (
        holder.database.write(),
        pytest.raises(StartError, match="locked; another process holds it"),
    ):
        prepare_database(settings, migrates=True)
    holder.close()


def test_nothing_acknowledged_is_lost_when_the_process_is_killed(tmp_path: Path, shop: Shop):
    settings = Settings(data_dir=str(tmp_path))
    prepare_database(settings, migrates=True)
    cloud = Cloud(settings)
    secret = cloud.keys.create(TENANT, ["ingest", "read"]).secret
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    program = "import sys; from shopthread.cloud_commands import app; sys.argv[0] = 'cloud'; app()"
    command = [sys.executable, "-c", program, "serve", "--data-dir", str(tmp_path), "--port", str(port)]
    url = f"http://127.0.0.1:{port}"
    acknowledged = 0
    with httpx.Client(base_url=url, trust_env=False, timeout=60, headers={"Authorization": f"Bearer {secret}"}) as http:
        for life in range(2):
            process = subprocess.Popen(command, cwd=Path.cwd(), env=dict(os.environ))
            wait_for(lambda: _answers(http))
            for number in range(5):
                raws = [shop.crossing(T0 + life * 1000 + number * 10 + part) for part in range(5)]
                receipt = decode_receipt(http.post(INGEST_PATH, content=b"\n".join(raws)).content)
                acknowledged += receipt.inserted
            process.send_signal(signal.SIGKILL)
            process.wait()
    assert acknowledged == 50
    make_projector(settings, cloud.database).catch_up()
    assert count_crossings(cloud.database) == 50
    cloud.close()


def _answers(http: httpx.Client) -> bool:
    try:
        return http.get("/healthz").status_code == 200
    except httpx.TransportError:
        return False
