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
