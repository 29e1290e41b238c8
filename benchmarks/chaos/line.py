"""The line between gateway and cloud: a TCP proxy on 127.0.0.1 that can refuse, hang, and cut off what it carries."""

import socket
import struct
import threading
from contextlib import suppress
from enum import Enum, auto

_PIECE_BYTES = 4096
_LOOK_S = 0.05
_BACKLOG = 64
_RESET = struct.pack("ii", 1, 0)


class State(Enum):
    """How the line is."""

    UP = auto()
    REFUSED = auto()
    """Nobody listens, and connections are reset."""
    HANGS = auto()
    """Connections stand, nothing moves; later it moves on."""
    REQUEST_CUT = auto()
    """Each connection is reset after some bytes of a request."""
    ANSWER_CUT = auto()
    """Requests arrive; connections are reset before the answer comes back."""


class Line:
    """Carries what comes to `port` to another port of this machine, as well as its state lets it.

    Args:
        port: Where the gateway connects.
        cloud_port: Where the cloud listens.
    """

    def __init__(self, port: int, cloud_port: int) -> None:
        self._port, self._cloud_port = port, cloud_port
        self._state, self._cut_after = State.UP, 0
        self._lock = threading.Lock()
        self._pairs: set[tuple[socket.socket, socket.socket]] = set()
        self._listener: socket.socket | None = None
        self._ended = threading.Event()
        self._listen()

    def become(self, state: State, cut_after: int = 0) -> None:
        """Change the line's state.

        Args:
            state: How it is from now on.
            cut_after: After how many bytes of a request it is cut off, where requests are.
        """
        self._cut_after, self._state = cut_after, state
        if state is State.REFUSED:
            self._deafen()
            self._reset_all()
        elif self._listener is None:
            self._listen()

    def close(self) -> None:
        """Reset every connection and listen no more."""
        self._ended.set()
        self._deafen()
        self._reset_all()

    def _listen(self) -> None:
        listener = socket.create_server(("127.0.0.1", self._port), backlog=_BACKLOG)
        listener.settimeout(_LOOK_S)
        self._listener = listener
        threading.Thread(target=self._accept, args=(listener,), name="line", daemon=True).start()

    def _deafen(self) -> None:
        if self._listener is not None:
            self._listener.close()
            self._listener = None

    def _accept(self, listener: socket.socket) -> None:
        while listener is self._listener:
            try:
                near, _ = listener.accept()
            except TimeoutError:
                continue
            except OSError:  # closed meanwhile
                return
            try:
                far = socket.create_connection(("127.0.0.1", self._cloud_port))
            except OSError:  # the cloud is down
                _reset(near)
                continue
            pair = (near, far)
            with self._lock:
                self._pairs.add(pair)
            for upward in (True, False):
                threading.Thread(target=self._carry, args=(pair, upward), name="line", daemon=True).start()

    def _carry(self, pair: tuple[socket.socket, socket.socket], upward: bool) -> None:
        """Carry one direction of a connection until it ends or is cut."""
        source, target = pair if upward else pair[::-1]
        carried = 0
        try:
            source.settimeout(_LOOK_S)
            while not self._ended.is_set():
                try:
                    piece = source.recv(_PIECE_BYTES)
                except TimeoutError:
                    continue
                if not piece:
                    break
                while self._state is State.HANGS and not self._ended.wait(_LOOK_S):
                    pass
                if self._state is State.ANSWER_CUT and not upward:
                    break
                if self._state is State.REQUEST_CUT and upward:
                    rest = self._cut_after - carried
                    if rest < len(piece):
                        target.sendall(piece[: max(0, rest)])
                        break
                    carried += len(piece)
                target.sendall(piece)
        except OSError:  # one of the two has gone
            pass
        self._reset_pair(pair)

    def _reset_pair(self, pair: tuple[socket.socket, socket.socket]) -> None:
        with self._lock:
            self._pairs.discard(pair)
        for end in pair:
            _reset(end)

    def _reset_all(self) -> None:
        with self._lock:
            pairs = tuple(self._pairs)
        for pair in pairs:
            self._reset_pair(pair)


def _reset(connection: socket.socket) -> None:
    """Close a connection so that the other side gets a RST."""
    with suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()
