"""What the gateway still holds of people whom the cloud has forgotten. Pure: no clock, randomness or I/O."""

import re
from collections.abc import Iterable

from contracts.erasure import ErasedIdentifier, erasure_digest, is_forgotten
from contracts.errors import EventRejectedError
from contracts.events import decode_event
from contracts.payloads import CodeScanned, PosSale
from contracts.pseudonym import NAMESPACES
from contracts.redaction import redacted

_PSEUDONYM = re.compile(rb"(?<![a-z2-7])[a-z2-7]{32}(?![a-z2-7])")


class Forgotten:
    """Whom the cloud has forgotten, by the hashes of their identifiers.

    Args:
        secret: Keys the hashes.
        erased: All of them.
    """

    def __init__(self, secret: str, erased: Iterable[ErasedIdentifier]) -> None:
        self._secret = secret
        self._spans: dict[str, list[ErasedIdentifier]] = {}
        for each in erased:
            self._spans.setdefault(each.digest, []).append(each)

    @property
    def is_nobody(self) -> bool:
        """Return whether nobody is forgotten."""
        return not self._spans

    def cleared(self, body: bytes) -> bytes | None:
        """Return an event without the member whom it names, None where it may stay as it is.

        One that cannot be read, as only an upgrade or a damaged disk makes it, stays: it cannot be sent either.
        """
        try:
            event = decode_event(body)
        except EventRejectedError:
            return None
        member = event.data.member if isinstance(event.data, CodeScanned | PosSale) else None
        if member is None or not self._names(member.namespace, member.pseudonym, event.time_ms):
            return None
        return redacted(body)

    def is_in(self, text: bytes, at_ms: int) -> bool:
        """Return whether a text, such as a message that could not be read, holds an identifier forgotten at a time."""
        found = {match.decode() for match in _PSEUDONYM.findall(text)}
        return any(self._names(namespace, each, at_ms) for each in found for namespace in NAMESPACES)

    def _names(self, namespace: str, pseudonym: str, at_ms: int) -> bool:
        return is_forgotten(self._spans.get(erasure_digest(self._secret, namespace, pseudonym), ()), at_ms)
