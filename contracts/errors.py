"""What can be wrong with an event, in words that a dead letter can carry."""

from enum import StrEnum


class RejectReason(StrEnum):
    """Why an event was refused. The values are part of the contract: APIs and dead letters show them."""

    TOO_LARGE = "too_large"
    NOT_JSON = "not_json"
    INVALID_ENVELOPE = "invalid_envelope"
    UNKNOWN_TYPE = "unknown_type"
    INVALID_DATA = "invalid_data"
    STORE_LOCAL = "store_local"
    WRONG_SOURCE = "wrong_source"
    WRONG_TOPIC = "wrong_topic"
    IMPOSSIBLE_TIME = "impossible_time"


class ContractError(Exception):
    """Base of the errors that this package raises."""


class EventRejectedError(ContractError):
    """An event cannot be accepted.

    Attributes:
        reason: The machine-readable reason.
        detail: What was expected and what came.
        event_id: The event's id where the envelope could be read, else None.
    """

    def __init__(self, reason: RejectReason, detail: str, event_id: str | None = None) -> None:
        super().__init__(f"{reason.value}: {detail}")
        self.reason = reason
        self.detail = detail
        self.event_id = event_id


class PrivacyError(ContractError):
    """Something that must not leave the store was about to."""


class TopicError(ContractError):
    """A topic, or a part of one, does not have the form of this system's topics."""
