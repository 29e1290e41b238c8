"""The device's side of enrolment: whatever the gateway says, secrets stay private and errors are clear."""

import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from contracts.enrolment import Enrolment, encode_enrolment
from edge.adapters.enrolment import (
    EnrolmentError,
    Gateway,
    fetch_enrolment,
    keep_enrolment,
    parse_gateway,
)

FOUND = Enrolment(
    tenant="acme", store="s", device="cam-1", kind="camera", password="pw", broker_port=8883, ca_pem="PEM"
)
HERE = Gateway("10.0.0.1", 8081, is_plain=True, ca_file=None)


@contextmanager
def _answering(status: int, body: bytes) -> Iterator[Gateway]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield Gateway("127.0.0.1", server.server_port, is_plain=True, ca_file=None)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [("gw", "gw", 8081), ("gw:99", "gw", 99), ("[::1]", "::1", 8081), ("[::1]:99", "::1", 99), ("::1", "::1", 8081)],
)
def test_gateways_are_named_as_people_name_them(text: str, host: str, port: int):
    found = parse_gateway(text)
    assert (found.host, found.port) == (host, port)


def test_a_port_that_is_none_is_told():
    with pytest.raises(EnrolmentError, match="HOST or HOST:PORT"):
        parse_gateway("gw:x")


def test_what_the_gateway_says_is_told():
    with _answering(200, encode_enrolment(FOUND)) as gateway:
        assert fetch_enrolment(gateway, "7K3M-XQ2T") == FOUND
    with _answering(403, b"this code has expired\n") as gateway, pytest.raises(EnrolmentError, match="403: this code"):
        fetch_enrolment(gateway, "7K3M-XQ2T")
    with _answering(200, b"<html>") as gateway, pytest.raises(EnrolmentError, match="expected an enrolment"):
        fetch_enrolment(gateway, "7K3M-XQ2T")


def test_the_configuration_is_set_and_the_secret_private(tmp_path: Path):
    config = tmp_path / "camera.toml"
    config.write_text('# ours\n[device]\nid = "old"\ndata_dir = "d"\n[[zone]]\nid = "z"\n')
    (tmp_path / "cam-1.password").write_text("an older one that others could read")
    (tmp_path / "cam-1.password").chmod(0o644)
    written = keep_enrolment(FOUND, HERE, tmp_path, config)
    assert [path.name for path in written] == ["cam-1.password", "store-ca.pem", "camera.toml"]
    assert stat.S_IMODE((tmp_path / "cam-1.password").stat().st_mode) == 0o600
    text = config.read_text()
    assert text.startswith('# ours\n[device]\nid = "cam-1"\ndata_dir = "d"\ntenant = "acme"')
    assert 'host = "10.0.0.1"\nport = 8883\nusername = "cam-1"' in text


def test_a_configuration_that_is_none_is_told(tmp_path: Path):
    config = tmp_path / "camera.toml"
    config.write_text("[[[")
    with pytest.raises(EnrolmentError, match="make another code"):
        keep_enrolment(FOUND, HERE, tmp_path, config)
