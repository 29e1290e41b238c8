"""The MQTT client of the gateway: paho's, with three shortcuts that let it take in several times as much.

It reads from the socket in large pieces instead of three calls a message, reads PUBLISH packets with
`gateway.core.publish_packet`, and acknowledges many messages in one piece. These hook into paho where it offers no
interface, so the version of paho is bounded in pyproject.toml. Connections, TLS, keep-alive, subscriptions and what
the gateway publishes are paho's own.
"""

import socket
import ssl
from collections.abc import Callable, Iterable
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from paho.mqtt.exception import MalformedPacket

from gateway.core.publish_packet import Published, decode_publish, encode_acks

_PIECE_BYTES = 256 * 1024
_PACKETS_AT_ONCE = 500
_PUBACK = 0x40
_QOS_2 = 0x04

Take = Callable[[int, list[Published]], None]
"""Takes the number of a connection, and messages that came together on it."""


class BufferedSocket:
    """A socket that is read in large pieces; everything else is the socket's own."""

    def __init__(self, inner: Any) -> None:  # noqa: ANN401 - paho's own type is private
        self._inner, self._piece, self._at = inner, b"", 0

    def recv(self, size: int) -> bytes:
        """Return at most `size` bytes, b"" at the end.

        Raises:
            OSError: Nothing can be read, or not yet.
        """
        if self._at == len(self._piece):
            self._piece, self._at = self._inner.recv(_PIECE_BYTES), 0
        taken = self._piece[self._at : self._at + size]
        self._at += len(taken)
        return taken

    def pending(self) -> int:
        """Return how many bytes are here already, so that nobody waits for the network first."""
        inside = self._inner.pending() if isinstance(self._inner, ssl.SSLSocket) else 0
        return len(self._piece) - self._at + inside

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever a socket has
        return getattr(self._inner, name)


class BatchClient(mqtt.Client):
    """Gives the messages that came together to `take`, each to be acknowledged with `ack_all`.

    Args:
        client_id: The session's name at the broker.
        take: Called on the network's thread.
    """

    def __init__(self, client_id: str, take: Take) -> None:
        super().__init__(CallbackAPIVersion.VERSION2, client_id=client_id, protocol=mqtt.MQTTv5, manual_ack=True)
        self._take, self._came, self._connection = take, list[Published](), 0

    def ack_all(self, connection: int, messages: Iterable[Published]) -> None:
        """Tell the broker that messages are held, unless the connection on which they came is gone."""
        if connection != self._connection:
            return
        acks = encode_acks([each.packet_id for each in messages if each.wants_ack])
        if acks:
            self._packet_queue(_PUBACK, acks, 0, 0)

    def loop_stop(self) -> MQTTErrorCode:
        """End the network's thread, and close the sockets with which paho wakes it. See paho."""
        code = super().loop_stop()
        self._reset_sockets()
        return code

    def loop_read(self, max_packets: int = 1) -> MQTTErrorCode:  # noqa: ARG002 - paho's signature; it does not use it either
        """Read what is here, then hand it over. See paho."""
        connection = self._connection
        code = self._read_packets()
        if self._came:
            came, self._came = self._came, []
            self._take(connection, came)
        return self._loop_rc_handle(code) if code > 0 else MQTTErrorCode.MQTT_ERR_SUCCESS

    def _read_packets(self) -> MQTTErrorCode:
        for _ in range(_PACKETS_AT_ONCE):
            if self._sock is None:
                return MQTTErrorCode.MQTT_ERR_SUCCESS
            code = self._packet_read()
            if code != MQTTErrorCode.MQTT_ERR_SUCCESS:
                return code if code > 0 else MQTTErrorCode.MQTT_ERR_SUCCESS
            if not (isinstance(self._sock, BufferedSocket) and self._sock.pending()):
                break
        return MQTTErrorCode.MQTT_ERR_SUCCESS

    def _handle_publish(self) -> MQTTErrorCode:
        if self._in_packet["command"] & _QOS_2:  # It is never subscribed to.
            return MQTTErrorCode.MQTT_ERR_PROTOCOL
        try:
            self._came.append(decode_publish(self._in_packet["command"], self._in_packet["packet"]))
        except ValueError as error:
            raise MalformedPacket(str(error)) from error
        return MQTTErrorCode.MQTT_ERR_SUCCESS

    def _create_socket(self) -> Any:  # noqa: ANN401 - it acts as paho's own type
        opened = BufferedSocket(super()._create_socket())
        # Else an acknowledgement waits 40 ms for the broker's to the packet before (RFC 896, RFC 1122 4.2.3.2).
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._connection += 1
        return opened
