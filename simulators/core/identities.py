"""Which identifiers belong to one human being, as the ground truth tells it."""

from simulators.core.member_base import MemberBase
from simulators.core.truth import TrueIdentity


def true_identities(base: MemberBase, now_ms: int) -> tuple[TrueIdentity, ...]:
    """Return every member's identifiers, and those of others in the household that he or she shows as well."""
    return tuple(
        TrueIdentity(
            member_id=member.member_id,
            household_id=member.household_id,
            identifiers=member.identifiers(now_ms),
            shows_too=member.shows_too,
        )
        for member in base.members
    )
