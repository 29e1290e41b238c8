"""Which faults happen when: drawn from a seed, the same list for the same seed. Pure."""

import random
from collections.abc import Sequence
from enum import StrEnum

from msgspec import Struct


class Kind(StrEnum):
    """What goes wrong."""

    DEVICES_KILLED = "devices killed"
    BROKER_KILLED = "broker killed"
    BROKER_FORGETS = "broker killed, its memory lost"
    GATEWAY_KILLED = "gateway killed"
    CLOUD_KILLED = "cloud killed"
    LINE_REFUSED = "line to the cloud refused"
    LINE_HANGS = "line to the cloud hangs"
    REQUEST_CUT = "request cut off in its body"
    ANSWER_CUT = "answer of the cloud lost"
    REPEATED = "messages repeated"
    SHUFFLED = "messages repeated out of order"
    DEVICES_FULL = "devices' disk full"
    GATEWAY_FULL = "gateway's disk full"
    CLOUD_FULL = "cloud's disk full"
    CLOCK_SET = "devices' clock set"


class Fault(Struct, frozen=True, kw_only=True):
    """One fault.

    Attributes:
        kind: What goes wrong.
        pause_s: Seconds since the fault before was mended.
        hold_s: For how many seconds it lasts; a process that was killed is started again after that.
        group: Which process of devices it strikes, counted from 0, where it strikes devices.
        step_ms: By how much their clock is set, where it is.
        draw: What chance decides of it besides: which messages, after how many bytes.
    """

    kind: Kind
    pause_s: float
    hold_s: float
    group: int
    step_ms: int
    draw: int


_LEAST_S = 0.1
_STEP_MS = 3 * 3600 * 1000


def plan(
    seed: int, count: int, groups: int, kinds: Sequence[Kind] = tuple(Kind), longest_s: float = 1.2
) -> list[Fault]:
    """Return `count` faults in order; each kind as often as the others, or once less.

    Args:
        seed: What everything is drawn from.
        count: How many.
        groups: How many processes of devices there are.
        kinds: What may go wrong.
        longest_s: How long a fault lasts at most, and the pause before it.

    Raises:
        ValueError: There is no kind or no process of devices, or less than one fault is asked for.
    """
    if count < 1 or groups < 1 or not kinds:
        msg = f"a plan needs a fault, a process of devices and a kind at least, got {count}, {groups}, {list(kinds)}"
        raise ValueError(msg)
    chance = random.Random(seed)
    drawn: list[Kind] = []
    while len(drawn) < count:
        drawn += chance.sample(kinds, min(len(kinds), count - len(drawn)))
    return [
        Fault(
            kind=kind,
            pause_s=chance.uniform(_LEAST_S, longest_s),
            hold_s=chance.uniform(_LEAST_S, longest_s),
            group=chance.randrange(groups),
            step_ms=chance.randint(-_STEP_MS, _STEP_MS),
            draw=chance.getrandbits(32),
        )
        for kind in drawn
    ]
