"""Appearance signatures stay in the store: no event of a camera agent carries one."""

from base64 import b64encode
from pathlib import Path

import msgspec
import pytest

from contracts.events import Source, encode_event
from simulators.core.people import Person
from simulators.core.scenario import Noise
from tests.unit.simulators.watching import FLOOR, apart, camera, store, watch

SOURCE = Source(tenant="demo", store="shop", device="cam-1")


def test_no_event_carries_a_signature(tmp_path: Path) -> None:
    pipeline = pytest.importorskip("edge.core.pipeline", reason="needs the edge extra", exc_type=ImportError)
    track_feed = pytest.importorskip("edge.adapters.track_feed", reason="needs the edge extra", exc_type=ImportError)
    line_source = pytest.importorskip("edge.adapters.line_source", reason="needs the edge extra", exc_type=ImportError)

    def walk(_tick: int, people: list[Person]) -> None:
        for each in people:
            each.position = (each.position[0] + 0.05, each.position[1])

    seen = watch(store(Noise(signature_sd=1.0, fragments_per_min=5.0), [camera()]), apart(10), 240, walk)
    lines = seen.lines["cam-1"]
    signatures = [sign.signature for line in lines if line.signatures is not msgspec.UNSET for sign in line.signatures]
    assert len(signatures) > 100
    path = tmp_path / "feed.jsonl"
    path.write_bytes(b"".join(msgspec.json.encode(line) + b"\n" for line in lines))
    assert b64encode(signatures[0]) in path.read_bytes()

    bad: list[object] = []
    feed = track_feed.TrackFeed(line_source.FileLines(path, follow=False), bad.append)
    zone = pipeline.Zone(id="hall", kind="floor", polygon=FLOOR, band=0.1, min_stay_s=0.5)
    rules = pipeline.PipelineRules(source=SOURCE, zones=(zone,))
    state, drafts = pipeline.initial_state(), []
    for observation in feed.observations(lambda: False):
        state, more = pipeline.step(rules, state, observation.people, observation.time_ms)
        drafts += more
    drafts += pipeline.finish(rules, state)[1]
    events = b"\n".join(encode_event(draft.numbered(SOURCE, number)) for number, draft in enumerate(drafts, start=1))
    assert bad == []
    assert len(drafts) > 20
    assert b"signature" not in events
    assert not any(b64encode(signature) in events for signature in signatures)
