"""The gateway's MQTT client against sockets that say what they are told to."""

import socket
from collections.abc import Iterator
from typing import Any

import pytest
from paho.mqtt.enums import MQTTErrorCode

from gateway.adapters.mqtt_client import BatchClient, BufferedSocket

CONNACK = b"\x20\x03\x00\x00\x00"
GOOD = b"\x32\x09\x00\x01t\x00\x07\x00abc"


class Link:
    """A client, and the broker's end of its connection."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.taken: list[Any] = []
        self.client = BatchClient("gateway", lambda *came: self.taken.append(came))
        self.ends: list[socket.socket] = []
        monkeypatch.setattr(self.client, "_create_socket_connection", self._connect)
        self.client.connect("broker")

    def _connect(self) -> socket.socket:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            ours = socket.create_connection(listener.getsockname())
            self.ends.append(listener.accept()[0])
        return ours

    def says(self, raw: bytes) -> MQTTErrorCode:
        self.ends[-1].sendall(raw)
        return self.client.loop(10.0)

    def close(self) -> None:
        self.client.disconnect()
        for end in self.ends:
            end.close()


@pytest.fixture
def link(monkeypatch: pytest.MonkeyPatch) -> Iterator[Link]:
    made = Link(monkeypatch)
    yield made
    made.close()


def test_messages_that_come_together_are_taken_and_acknowledged_together(link: Link):
    assert link.says(CONNACK + GOOD + GOOD.replace(b"\x07", b"\x08")) == 0
    ((connection, came),) = link.taken
    assert [(each.topic, each.packet_id, each.body) for each in came] == [("t", 7, b"abc"), ("t", 8, b"abc")]
    link.ends[-1].recv(1000)
    link.client.ack_all(connection, came)
    link.client.loop_write()
    assert link.ends[-1].recv(1000) == b"\x40\x02\x00\x07\x40\x02\x00\x08"


def test_what_came_on_an_earlier_connection_is_not_acknowledged_on_this_one(link: Link):
    link.says(CONNACK + GOOD)
    ((connection, came),) = link.taken
    link.client.reconnect()
    link.client.ack_all(connection, came)
    assert not any(packet["packet"].startswith(b"\x40") for packet in link.client._out_packet)


@pytest.mark.parametrize("broken", [b"\x32\x03\x00\x09t", b"\x34\x09\x00\x01t\x00\x07\x00abc"])
def test_what_no_broker_should_send_ends_the_connection_but_not_what_came_before(link: Link, broken: bytes):
    assert link.says(CONNACK + GOOD + broken) == MQTTErrorCode.MQTT_ERR_PROTOCOL
    assert [len(came) for _, came in link.taken] == [1]
    assert link.client.socket() is None


def test_a_connection_that_the_broker_ends_is_told_after_what_came_on_it(link: Link):
    link.says(CONNACK + GOOD + b"\xe0\x00" + GOOD)
    assert [(connection, len(came)) for connection, came in link.taken] == [(1, 1)]


def test_a_socket_is_read_in_pieces_without_losing_a_byte():
    ours, theirs = socket.socketpair()
    buffered = BufferedSocket(ours)
    theirs.sendall(b"abcdef")
    assert (buffered.pending(), buffered.recv(1), buffered.pending()) == (0, b"a", 5)
    assert (buffered.recv(3), buffered.recv(9), buffered.pending()) == (b"bcd", b"ef", 0)
    theirs.close()
    assert buffered.recv(1) == b""
    buffered.close()
