"""What to tell of a profile, by what was told of it last. Pure: no clock, randomness or I/O.

The same state told twice tells nothing the second time, so a rebuild publishes only what it really changed.
"""

from hashlib import sha256
from typing import Literal

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from cloud.profiles.facts import Facts

ProfileChange = Literal["profile.created", "profile.unmerged", "profile.changed", "profile.merged", "profile.removed"]
ORDER: tuple[ProfileChange, ...] = (
    "profile.created",
    "profile.unmerged",
    "profile.changed",
    "profile.merged",
    "profile.removed",
)
"""In which the changes of one step are told: what something merges into is told before."""
_ENCODER = msgspec.json.Encoder(order="sorted")


class Published(Struct, frozen=True, kw_only=True):
    """How a profile stands, or was told to stand.

    Attributes:
        digest: Of what is known of it; None where it went into another one.
        merged_into: That other one.
    """

    digest: str | None
    merged_into: str | None = None


def digest_of(facts: Facts) -> str:
    """Return a hash of what is known of a profile, whatever the order in which it became known."""
    links = tuple(sorted((replace(link, link_id="") for link in facts.links), key=lambda link: link.touch_id))
    consents = tuple(
        sorted(
            (replace(said, order=0) for said in facts.consents),
            key=lambda said: (said.identifier, said.purpose, said.at_ms, said.granted),
        )
    )
    return sha256(_ENCODER.encode(replace(facts, links=links, consents=consents))).hexdigest()


def difference(told: Published | None, now: Published | None) -> tuple[ProfileChange, dict[str, str]] | None:
    """Return what to tell of a profile, with its data, None where nothing changed.

    Args:
        told: How it was told to stand; None: it was never told of, or was told to be gone. What went into another
            one before anybody was told of it is told as that other one.
        now: How it stands; None: there is none, and none that it went into.
    """
    if told == now or (told is None and now is not None and now.merged_into is not None):
        return None
    if now is None:
        return "profile.removed", {}
    if now.merged_into is not None:
        return "profile.merged", {"into": now.merged_into}
    if told is None:
        return "profile.created", {}
    if told.merged_into is not None:
        return "profile.unmerged", {"from": told.merged_into}
    return "profile.changed", {}
