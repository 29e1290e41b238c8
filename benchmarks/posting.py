"""Sends batches of events to API processes for next to nothing: who measures them runs on the same processors."""

import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

from contracts.delivery import INGEST_PATH, decode_receipt

CONNECTIONS = 12
"""To each process: a gateway holds one."""
_HEAD_END = b"\r\n\r\n"
_LENGTH = b"content-length: "
_READ_BYTES = 1 << 16


class Poster:
    """Sends batches over several connections to each process."""

    def __init__(self, ports: list[int], secret: str) -> None:
        fields = f"Host: 127.0.0.1\r\nAuthorization: Bearer {secret}\r\nContent-Encoding: zstd\r\nContent-Length: "
        self._head = f"POST {INGEST_PATH} HTTP/1.1\r\n{fields}".encode()
        self._ports = [port for port in ports for _ in range(CONNECTIONS)]
        self._pool = ThreadPoolExecutor(len(self._ports))

    def __call__(self, bodies: list[bytes], inserted: int) -> int:
        """Send bodies and return how many events were answered; each must have had `inserted` new ones.

        Raises:
            RuntimeError: An answer says something else.
        """
        shares = [bodies[start :: len(self._ports)] for start in range(len(self._ports))]
        return sum(self._pool.map(lambda port, share: self._send(port, share, inserted), self._ports, shares))

    def _send(self, port: int, bodies: list[bytes], inserted: int) -> int:
        done = 0
        with closing(socket.create_connection(("127.0.0.1", port))) as link:
            link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for body in bodies:
                link.sendall(b"%s%d%s%s" % (self._head, len(body), _HEAD_END, body))
                done += _received(_answer(link), inserted)
        return done

    def close(self) -> None:
        """End the threads."""
        self._pool.shutdown()


def _answer(link: socket.socket) -> bytes:
    """Return the body of the next answer."""
    said = b""
    while True:
        more = link.recv(_READ_BYTES)
        said += more
        head, end, body = said.partition(_HEAD_END)
        if not more or (end and len(body) >= int(head.lower().partition(_LENGTH)[2].split(b"\r\n")[0])):
            return body


def _received(answer: bytes, inserted: int) -> int:
    receipt = decode_receipt(answer)
    if receipt.inserted != inserted or receipt.rejected:
        msg = f"expected {inserted} new events, got {receipt}"
        raise RuntimeError(msg)
    return receipt.received
