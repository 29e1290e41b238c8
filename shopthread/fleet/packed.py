"""An event's MQTT 5 properties, packed at once: the client's own packing takes longer than all else it does."""

from paho.mqtt.properties import Properties

from contracts.delivery import EPOCH_PROPERTY, EVENT_MEDIA_TYPE, OLDEST_PROPERTY, SEQUENCE_PROPERTY

_CONTENT_TYPE, _USER_PROPERTY = b"\x03", b"\x26"
_ONE_BYTE_LENGTH = 128


def _text(value: bytes) -> bytes:
    return len(value).to_bytes(2, "big") + value


_EPOCH = _CONTENT_TYPE + _text(EVENT_MEDIA_TYPE.encode()) + _USER_PROPERTY + _text(EPOCH_PROPERTY.encode())
_SEQUENCE = _USER_PROPERTY + _text(SEQUENCE_PROPERTY.encode())
_OLDEST = _USER_PROPERTY + _text(OLDEST_PROPERTY.encode())


class PackedProperties(Properties):
    """Properties of a PUBLISH that are bytes already (MQTT 5.0, sections 2.2.2 and 3.3.2.3).

    Args:
        epoch: The life of the device's outbox.
        sequence: The event's number in it.
        oldest: The lowest number that the device still holds.
    """

    _packed: bytes

    def __init__(self, epoch: str, sequence: int, oldest: int) -> None:  # the base class would only make tables
        content = b"".join(
            (_EPOCH, _text(epoch.encode()), _SEQUENCE, _text(b"%d" % sequence), _OLDEST, _text(b"%d" % oldest))
        )
        object.__setattr__(self, "_packed", _length(len(content)) + content)

    def pack(self) -> bytes:
        """Return the bytes."""
        return self._packed

    def __str__(self) -> str:
        return self._packed.hex()


def _length(size: int) -> bytes:
    """Return a length below 16,384 as a variable byte integer (MQTT 5.0, section 1.5.5)."""
    if size < _ONE_BYTE_LENGTH:
        return bytes((size,))
    return bytes((size % _ONE_BYTE_LENGTH + _ONE_BYTE_LENGTH, size // _ONE_BYTE_LENGTH))
