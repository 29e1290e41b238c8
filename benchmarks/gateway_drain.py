"""A gateway's backlog on its way into a cloud that accepts: events a second, and the memory that it takes.

The backlog's size is the environment's SHOPTHREAD_BENCH_BACKLOG, 200,000 events where that is not set.
"""

import json
import multiprocessing
import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Final

import httpx
import zstandard

from benchmarks.measure import Result
from benchmarks.mqtt_feed import Load, device_events
from contracts.delivery import BATCH_MEDIA_TYPE, INGEST_PATH, IngestReceipt, encode_message, split_batch
from contracts.events import Source, encode_event
from gateway.adapters.event_schema import STEPS
from gateway.adapters.event_store import EventStore
from gateway.adapters.uploader import Uploader
from gateway.core.retry import RetryPolicy
from tests.servers import free_port, wait_for_socket

EVENTS: Final = int(os.environ.get("SHOPTHREAD_BENCH_BACKLOG", "200000"))
_DEVICES, _STEP, _BATCH, _PLAIN_BATCHES = 40, 20_000, 5000, 20
_WHOLE_S = 10.0


class _Cloud(BaseHTTPRequestHandler):
    """Takes every batch apart and accepts it."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        count = len(split_batch(zstandard.ZstdDecompressor().decompress(body)))
        answer = encode_message(IngestReceipt(received=count, inserted=count, duplicate=0, rejected=0))
        self.send_response(200)
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def _serve(told: Connection) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Cloud) as server:
        told.send(server.server_address[1])
        server.serve_forever()


def drain(folder: Path) -> list[Result]:
    path = folder / "gateway.sqlite"
    bodies = fill(path, EVENTS)
    waiting_mib, before_mib = _whole_mib(folder), _whole_mib(folder / "empty")
    context = multiprocessing.get_context("spawn")
    ours_end, cloud_end = context.Pipe()
    cloud = context.Process(target=_serve, args=(cloud_end,), daemon=True)
    cloud.start()
    port = ours_end.recv()
    try:
        told, heard = context.Pipe()
        gateway = context.Process(target=_drain, args=(path, port, heard), daemon=True)
        gateway.start()
        rate, memory_mib, empty_mib = told.recv()
        gateway.join()
        plain = _plain(port, bodies)
    finally:
        cloud.kill()
    return [
        Result(
            name=f"a gateway drains a backlog of {EVENTS:,} events over HTTP",
            value=rate,
            unit="events/s",
            reference_name="httpx alone, batches ready in memory",
            reference=plain,
            ratio=rate / plain,
        ),
        Result(
            name=f"memory of a gateway with a backlog of {EVENTS:,} events",
            value=memory_mib,
            unit="MiB",
            reference_name="the same before it drains",
            reference=empty_mib,
            ratio=memory_mib / empty_mib,
        ),
        Result(
            name=f"memory of all of `shopthread gateway run`, {EVENTS:,} events waiting and no cloud",
            value=waiting_mib,
            unit="MiB",
            reference_name="the same without an event",
            reference=before_mib,
            ratio=waiting_mib / before_mib,
        ),
    ]


def _whole_mib(data_dir: Path) -> float:
    """Return the most memory that a gateway has in its first seconds: embedded broker, visits, occupancy and pages."""
    data_dir.mkdir(exist_ok=True)
    config, http_port = data_dir / "gateway.toml", free_port()
    (data_dir / "key").write_text("secret", encoding="ascii")
    config.write_text(
        f'[gateway]\ntenant = "bench"\nstore = "store"\ndata_dir = "."\nhealth_interval_s = 1\n'
        f"[broker]\nport = {free_port()}\nembedded = true\n[http]\nport = {http_port}\n"
        f"[stitching]\nenabled = true\n[occupancy]\nenabled = true\n"
        f'[cloud]\nurl = "http://127.0.0.1:{free_port()}"\napi_key_file = "key"\n',
        encoding="utf-8",
    )
    command = [sys.executable, "-m", "shopthread", "gateway", "run", str(config)]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        wait_for_socket(http_port)
        time.sleep(_WHOLE_S)
        return _memory_mib(str(process.pid))
    finally:
        process.terminate()
        process.wait(60)


def fill(path: Path, events: int, layout: Sequence[Sequence[str]] = STEPS[:-1]) -> list[bytes]:
    """Make a store whose events all wait since 1970, by statements as its own; returns some of the bodies.

    The layout's last step is left to whoever opens it, since it looks at the events that are there.
    """
    gateway = Source("bench", "store", "gateway")
    bodies: list[bytes] = []
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = OFF")
        for statement in (each for step in layout for each in step):
            db.execute(statement)
        db.execute(f"PRAGMA user_version = {len(layout)}")
        for first in range(0, events, _STEP):
            load = Load(store=gateway, first=first, events=min(_STEP, events - first), devices=_DEVICES)
            rows = [(event.id, event.source, encode_event(event)) for event in device_events(load)]
            db.executemany("INSERT INTO event (event_id, source, received_ms, body) VALUES (?, ?, 0, ?)", rows)
            db.execute(
                "INSERT INTO tally (source, received) SELECT value, ? FROM json_each(?) WHERE true"
                " ON CONFLICT DO UPDATE SET received = received + excluded.received",
                (load.events // _DEVICES, json.dumps(sorted({source for _, source, _ in rows}))),
            )
            db.commit()
            bodies = bodies or [body for _, _, body in rows]
    db.close()
    return bodies


def _drain(path: Path, port: int, told: Connection) -> None:
    """Drain in a process of its own, whose memory then is the gateway's."""
    store = EventStore(path, Source("bench", "store", "gateway"))
    client = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30)
    uploader = Uploader(store, client, _BATCH, RetryPolicy(), lambda: time.time_ns() // 1_000_000, lambda: 0.5)
    empty_mib = _memory_mib()
    started_s = time.perf_counter()
    while uploader.step():
        pass
    passed_s = time.perf_counter() - started_s
    told.send((EVENTS / passed_s, _memory_mib(), empty_mib))
    client.close()
    store.close()


def _memory_mib(process: str = "self") -> float:
    """Return the most memory that a process has had, MiB (Linux)."""
    status = Path(f"/proc/{process}/status").read_text(encoding="ascii")
    return float(status.partition("VmHWM:")[2].split()[0]) / 1024


def _plain(port: int, bodies: list[bytes]) -> float:
    """Return events a second of nothing but requests, compressed beforehand."""
    content = zstandard.ZstdCompressor(level=3).compress(b"\n".join(bodies[:_BATCH]))
    headers = {"content-type": BATCH_MEDIA_TYPE, "content-encoding": "zstd"}
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
        started_s = time.perf_counter()
        for _ in range(_PLAIN_BATCHES):
            client.post(INGEST_PATH, content=content, headers=headers)
        return _PLAIN_BATCHES * _BATCH / (time.perf_counter() - started_s)
