"""What a device may say to the store's embedded broker, packet by packet. Pure.

The embedded broker knows neither hashed passwords nor rights per device, so each device's bytes are read on their way
to it (MQTT 5.0, OASIS 2019). A device signs in under its own id; it publishes under its own topics alone and subscribes
to what the gateway asks of it alone, as Mosquitto's ACL has it.
"""

from typing import NoReturn

from msgspec import Struct

from contracts.events import Source
from contracts.topics import Channel, device_filter
from gateway.core.broker_config import FROM_DEVICES

MAX_PACKET_BYTES = 1 << 20
MAX_CONNECT_BYTES = 8192
BAD_LOGIN = b"\x20\x03\x00\x86\x00"
"""CONNACK: bad user name or password."""
TOO_MANY_TRIES = b"\x20\x03\x00\x9f\x00"
"""CONNACK: connection rate exceeded."""

CONNECT, PUBLISH, SUBSCRIBE = 1, 3, 8
_VERSION = 5
_HAS_USER, _HAS_PASSWORD, _HAS_WILL = 0x80, 0x40, 0x04
_LENGTH_BYTES = 4


class GuardError(Exception):
    """A packet is none, or asks for what the device has no right to; the connection must end."""


class Login(Struct, frozen=True):
    """Who wants to connect: the parts of a CONNECT packet that are judged. The text form leaves the password out.

    Attributes:
        client_id: Of the session.
        user: The user name.
        password: The password.
        will_topic: Where the last will goes; None: there is none.
        before_user: The packet's content up to the user name, to be sent on with another one.
    """

    client_id: str
    user: str
    password: bytes
    will_topic: str | None
    before_user: bytes

    def __repr__(self) -> str:
        """Return the login without its password."""
        return f"Login({self.client_id!r}, {self.user!r})"


def split_packets(received: bytes, most_bytes: int = MAX_PACKET_BYTES) -> tuple[list[bytes], bytes]:
    """Return the whole packets that were received, and the beginning of the next one.

    Raises:
        GuardError: A packet is longer than allowed, or its length is no number.
    """
    packets, at = [], 0
    while (header := _length(received, at + 1)) is not None:
        length, start = header
        if start - at + length > most_bytes:
            _refuse(f"a packet of {length} bytes; at most {most_bytes} are allowed")
        if len(received) < start + length:
            break
        packets.append(received[at : start + length])
        at = start + length
    return packets, received[at:]


def read_login(packet: bytes) -> Login:
    """Return who a client's first packet says it is.

    Raises:
        GuardError: It is no CONNECT of MQTT 5 with a user name and a password.
    """
    if packet[0] != CONNECT << 4:
        _refuse("the first packet must be CONNECT")
    reader = _Reader(_content(packet))
    if reader.text() != "MQTT" or reader.take(1)[0] != _VERSION:
        _refuse("MQTT 5 is needed")
    flags = reader.take(1)[0]
    if not flags & _HAS_USER or not flags & _HAS_PASSWORD:
        _refuse("a user name and a password are needed")
    reader.take(2)
    reader.skip_properties()
    client_id, will_topic = reader.text(), None
    if flags & _HAS_WILL:
        reader.skip_properties()
        will_topic = reader.text()
        reader.binary()
    before_user = reader.passed()
    return Login(client_id, reader.text(), reader.binary(), will_topic, before_user)


def login_as(login: Login, user: str, password: str) -> bytes:
    """Return the CONNECT packet of a login under another user name."""
    content = login.before_user + _binary(user.encode()) + _binary(password.encode())
    return bytes([CONNECT << 4]) + _varint(len(content)) + content


def check_login(login: Login, device: Source) -> None:
    """Check that a client takes no other device's session and has a will on its own topics.

    Raises:
        GuardError: It does not.
    """
    own = "-".join((device.tenant, device.store, device.device))
    if login.client_id != own and not login.client_id.startswith(f"{own}-"):
        _refuse(f"the client id must be {own}, or begin with it and a hyphen; got {login.client_id!r}")
    if login.will_topic is not None:
        _check_topic(login.will_topic, device)


def check_packet(packet: bytes, device: Source) -> None:
    """Check a packet after the first one.

    Raises:
        GuardError: The device has no right to what it asks for.
    """
    kind = packet[0] >> 4
    if kind == CONNECT:
        _refuse("a second CONNECT")
    if kind == PUBLISH:
        _check_topic(_Reader(_content(packet)).text(), device)
    if kind == SUBSCRIBE:
        reader = _Reader(_content(packet))
        reader.take(2)
        reader.skip_properties()
        while not reader.is_at_end:
            _check_filter(reader.text(), device)
            reader.take(1)


def _check_topic(topic: str, device: Source) -> None:
    if not _is_own(topic, device, FROM_DEVICES) or "+" in topic or "#" in topic:
        _refuse(f"{device} may not publish on {topic!r}")


def _check_filter(topic_filter: str, device: Source) -> None:
    if not _is_own(topic_filter, device, ("cmd",)) or "#" in topic_filter:
        _refuse(f"{device} may not subscribe to {topic_filter!r}")


def _is_own(text: str, device: Source, channels: tuple[Channel, ...]) -> bool:
    place, _, name = text.rpartition("/")
    own = (device_filter(device.tenant, device.store, device.device, channel) for channel in channels)
    return bool(name) and f"{place}/+" in own


def _content(packet: bytes) -> bytes:
    header = _length(packet, 1)
    return b"" if header is None else packet[header[1] :]


def _length(data: bytes, at: int) -> tuple[int, int] | None:
    """Return the number of variable length at a place and where it ends; None where more bytes are needed."""
    value = 0
    for index in range(_LENGTH_BYTES):
        if at + index >= len(data):
            return None
        byte = data[at + index]
        value |= (byte & 0x7F) << 7 * index
        if byte < 0x80:  # noqa: PLR2004 - the bit that says that more follows
            return value, at + index + 1
    return _refuse("a length of more than four bytes")


def _varint(value: int) -> bytes:
    out = bytearray()
    while value >= 0x80:  # noqa: PLR2004 - as above
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def _binary(data: bytes) -> bytes:
    return len(data).to_bytes(2, "big") + data


def _refuse(reason: str) -> NoReturn:
    raise GuardError(reason)


class _Reader:
    """Reads a packet's content from its beginning."""

    def __init__(self, content: bytes) -> None:
        self._content, self._at = content, 0

    @property
    def is_at_end(self) -> bool:
        return self._at == len(self._content)

    def take(self, count: int) -> bytes:
        taken = self._content[self._at : self._at + count]
        if len(taken) < count:
            _refuse("a packet that ends too early")
        self._at += count
        return taken

    def binary(self) -> bytes:
        return self.take(int.from_bytes(self.take(2), "big"))

    def text(self) -> str:
        try:
            return self.binary().decode()
        except UnicodeDecodeError:
            return _refuse("a text that is not UTF-8")

    def skip_properties(self) -> None:
        found = _length(self._content, self._at)
        if found is None:
            _refuse("a packet that ends too early")
        length, self._at = found
        self.take(length)

    def passed(self) -> bytes:
        return self._content[: self._at]
