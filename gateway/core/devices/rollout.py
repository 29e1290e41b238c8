"""A new model goes to a few devices first, then to the rest, and back from all when one gets worse. Pure.

A device is asked, takes the model, and is watched for a while. Worse is: it refuses the model, does not take it in
time, is offline or blind for long, or sees clearly fewer frames a second than before. Then every device goes back to
what it had: a model that is worse on one device of a kind is not to be tried on more.
"""

from collections.abc import Mapping
from typing import Annotated, Literal

from msgspec import Meta, Struct
from msgspec.structs import replace

Stage = Literal["waiting", "asked", "soaking", "good"]
Phase = Literal["canary", "rest", "done", "rolled_back"]


class RolloutRules(Struct, frozen=True, kw_only=True):
    """How careful a roll-out is.

    Attributes:
        soak_s: So long a device must do well with the model.
        patience_s: So long it may take until it has it, being there.
        absent_s: So long it may be offline, or see nothing, while it is watched.
        least_fps_share: With fewer of the frames a second of before it does worse.
    """

    soak_s: Annotated[float, Meta(ge=0)] = 600.0
    patience_s: Annotated[float, Meta(gt=0)] = 1800.0
    absent_s: Annotated[float, Meta(gt=0)] = 120.0
    least_fps_share: Annotated[float, Meta(ge=0, le=1)] = 0.7


class Member(Struct, frozen=True, kw_only=True):
    """A device of a roll-out.

    Attributes:
        device: Its id.
        is_canary: Among the first.
        previous: The SHA-256 of the model that the gateway wanted of it before; None: it had its own.
        stage: How far it is.
        since_ms: Since when.
        well_ms: When it last did well while it was watched.
        fps_before: Its frames a second before.
    """

    device: str
    is_canary: bool
    previous: str | None = None
    stage: Stage = "waiting"
    since_ms: int = 0
    well_ms: int = 0
    fps_before: float | None = None


class Rollout(Struct, frozen=True, kw_only=True):
    """How far a model is rolled out; `reason` says why it was taken back."""

    sha256: str
    name: str
    members: tuple[Member, ...]
    rules: RolloutRules = RolloutRules()
    phase: Phase = "canary"
    reason: str = ""


class DeviceReport(Struct, frozen=True, kw_only=True):
    """What a device says: whether it has the model, why not, and how it does.

    Attributes:
        has_model: It runs with it.
        error: Why it does not.
        is_online: It is there.
        is_blind: Its picture shows nothing.
        fps: Frames a second, as it said since it has the model; None where it did not say.
    """

    has_model: bool = False
    error: str | None = None
    is_online: bool = False
    is_blind: bool = False
    fps: float | None = None


def step(rollout: Rollout, reports: Mapping[str, DeviceReport], now_ms: int) -> Rollout:
    """Return how far it is now.

    Args:
        rollout: As it was.
        reports: What devices say.
        now_ms: Now, Unix milliseconds.
    """
    if rollout.phase not in ("canary", "rest"):
        return rollout
    members = []
    for member in rollout.members:
        report = reports.get(member.device, DeviceReport())
        moved = _move(member, report, rollout, now_ms)
        reason = _worse(moved, report, rollout.rules, now_ms)
        if reason:
            return replace(rollout, phase="rolled_back", reason=f"{member.device}: {reason}")
        members.append(moved)
    moved_on = replace(rollout, members=tuple(members))
    if moved_on.phase == "canary" and all(each.stage == "good" for each in members if each.is_canary):
        moved_on = replace(moved_on, phase="rest")
    if all(each.stage == "good" for each in members):
        moved_on = replace(moved_on, phase="done")
    return moved_on


def wanted(rollout: Rollout, member: Member) -> str | None:
    """Return the SHA-256 of the model that a device is to have; None: its own."""
    if rollout.phase == "rolled_back" or (rollout.phase == "canary" and not member.is_canary):
        return member.previous
    return rollout.sha256


def _move(member: Member, report: DeviceReport, rollout: Rollout, now_ms: int) -> Member:
    """Return a device one stage on, where it is."""
    if member.stage == "waiting":
        if rollout.phase == "canary" and not member.is_canary:
            return member
        return replace(member, stage="asked", since_ms=now_ms, fps_before=report.fps)
    if member.stage == "asked":
        if report.has_model and report.error is None:
            return replace(member, stage="soaking", since_ms=now_ms, well_ms=now_ms)
        # Patience counts only the time in which the device is there.
        return member if report.is_online else replace(member, since_ms=now_ms)
    if report.is_online and not report.is_blind:
        member = replace(member, well_ms=now_ms)
    is_over = member.stage == "soaking" and now_ms - member.since_ms >= rollout.rules.soak_s * 1000
    return replace(member, stage="good") if is_over and member.well_ms == now_ms else member


def _worse(member: Member, report: DeviceReport, rules: RolloutRules, now_ms: int) -> str:
    """Return why a device does worse, "" where it does not."""
    if member.stage in ("asked", "soaking") and report.error is not None:
        return report.error
    if member.stage == "asked" and now_ms - member.since_ms > rules.patience_s * 1000:
        return f"it did not take the model within {rules.patience_s:.0f} s"
    if member.stage != "soaking":
        return ""
    if now_ms - member.well_ms > rules.absent_s * 1000:
        return f"it was offline or saw nothing for {rules.absent_s:.0f} s"
    if report.fps is not None and member.fps_before and report.fps < member.fps_before * rules.least_fps_share:
        return f"it sees {report.fps:g} frames a second, {member.fps_before:g} before"
    return ""
