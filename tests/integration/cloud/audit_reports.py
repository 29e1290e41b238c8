"""Reports of audits as `shopthread audit report` writes them: made by the code that makes them in a store."""

from typing import Any

import msgspec

from edge.auditing.report import AuditedRecording, ListedCrossing, Report, Slice
from edge.core.audit_scores import certified_level, score


def scores(matched: int, missed: int, invented: int) -> dict[str, Any]:
    made: dict[str, Any] = msgspec.to_builtins(score(matched, missed, invented))
    return made


def a_report(store: str = "west", inwards: tuple[int, int, int] = (40, 2, 0)) -> dict[str, Any]:
    """Return a report of one camera: so many right, missed and invented inwards, and ten right outwards."""
    whole, came, left = score(inwards[0] + 10, *inwards[1:]), score(*inwards), score(10, 0, 0)
    recording = AuditedRecording(
        name="door",
        kind="recording",
        device=f"/acme/{store}/cam-1",
        start="2026-03-02T09:00:00.000Z",
        seconds=1200.0,
        frames=12_000,
        operator="Ana Ruiz",
        reason="acceptance",
        labeller="bo",
        density="camera",
        video_sha256="0" * 64,
        config_sha256="1" * 64,
        tolerance_s=1.5,
        scores=whole,
    )
    missed = ListedCrossing(
        recording=0, time="2026-03-02T09:01:00.000Z", frame=600, seconds=60.0, tripwire_id="door", direction="in",
        people=3,
    )  # fmt: skip
    report = Report(
        statement="Not certified",
        certified_level=certified_level(whole),
        crossings_needed=None,
        crossing_rule="t1",
        model="people-1",
        scores=whole,
        slices=(Slice(by="direction", value="in", scores=came), Slice(by="direction", value="out", scores=left)),
        recordings=(recording,),
        missed=(missed,) * inwards[1],
        invented=(),
    )
    made: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(report))
    return made
