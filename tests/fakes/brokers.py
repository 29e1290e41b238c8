"""A broker that misbehaves as real ones do when they are about to die."""

import socket
import threading
from contextlib import closing

_CONNACK = b"\x20\x03\x00\x00\x00"


def publish_packet(topic: bytes, body: bytes) -> bytes:
    """Return an MQTT 5 PUBLISH of QoS 0, for what no client library would send."""
    content = len(topic).to_bytes(2, "big") + topic + b"\x00" + body
    assert len(content) < 128
    return b"\x30" + bytes([len(content)]) + content


def connect_packet(client_id: str, user: str, password: str, version: int = 5) -> bytes:
    """Return an MQTT CONNECT, for who wants to see the broker's answer and nothing more."""
    texts = [len(text.encode()).to_bytes(2, "big") + text.encode() for text in (client_id, user, password)]
    content = b"\x00\x04MQTT" + bytes([version, 0xC2, 0, 30]) + (b"\x00" if version == 5 else b"") + b"".join(texts)
    assert len(content) < 128
    return b"\x10" + bytes([len(content)]) + content


class SilentBroker:
    """Takes every connection, says what it is told to and never confirms what it is given."""

    def __init__(self, says: bytes = b"") -> None:
        self._says, self._stop = says, threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        self._listener.settimeout(0.05)
        with closing(self._listener):
            while not self._stop.is_set():
                try:
                    connection, _ = self._listener.accept()
                except TimeoutError:
                    continue
                with connection:
                    self._swallow(connection)

    def _swallow(self, connection: socket.socket) -> None:
        connection.settimeout(0.05)
        greeting = _CONNACK + self._says
        while not self._stop.is_set():
            try:
                if not connection.recv(65_536):
                    return
            except TimeoutError:
                continue
            connection.sendall(greeting)
            greeting = b""

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()
