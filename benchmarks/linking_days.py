"""Days of simulated supermarkets, all the way: cameras that err, devices, and visits as the gateway stitches them."""

from collections.abc import Iterable
from datetime import UTC, datetime

from msgspec import Struct
from msgspec.structs import replace

from benchmarks.linking_stores import SKEWS_S, Made, front, kept
from benchmarks.shops import LEVELS, signatures_of
from benchmarks.stitching import RULES
from contracts.events import EventDraft, Source
from contracts.payloads import CodeScanned, PosSale, VisitRevised, VisitSegment
from contracts.privacy import Payload
from gateway.core.stitching import Visits
from shopthread.fleet.devices import VirtualDevice, make_devices
from simulators.adapters.scenario_files import load_scenario
from simulators.core.layout import Kiosk, Till
from simulators.core.lines import FeedLine
from simulators.core.scenario import Scenario
from simulators.core.scoring.measured import TrackSpan
from simulators.core.signatures import PRESETS
from simulators.core.store import Store
from simulators.core.truth import Truth

_BEGINS = datetime(2026, 3, 5, 16, tzinfo=UTC)
_DRIFT_PPM = 20.0
_MS_PER_S = 1000
_SETTLE_MS = 10_000
_GATEWAY = Source("demo", "store", "gateway")
_MINUTES = 20
_MADE_BY = ("benchmarks/linking_days.py", "benchmarks/shops.py", "edge/core", "gateway/core", "shopthread/fleet")


class DaySetting(Struct, frozen=True, kw_only=True):
    """Which day.

    Attributes:
        scenario: The store.
        minutes: For how long.
        seed: What everything is drawn from; it also says which terminal's clock is how wrong.
        parties_per_h: How many come to the store's front; None: the store's usual day.
        level: What cameras get wrong, of `benchmarks.shops.LEVELS`.
    """

    scenario: str = "supermarket"
    minutes: int = _MINUTES
    seed: int
    parties_per_h: float | None = None
    level: str = "0.15 m"


class Day(Struct, frozen=True, kw_only=True):
    """What was heard of a store, and the truth."""

    made: tuple[Made, ...]
    visits: tuple[VisitRevised, ...]
    tracks: dict[str, TrackSpan]
    truth: Truth


def kept_day(setting: DaySetting) -> Day:
    """Return a day, simulated if it has not been before."""
    return kept(setting, Day, lambda: simulate(setting), *_MADE_BY)


def simulate(setting: DaySetting) -> Day:
    """Return what the cloud hears of a store: visits as the gateway stitches them, touches as terminals date them."""
    scenario = _scenario(setting)
    store = Store(scenario, setting.seed, round(_BEGINS.timestamp() * _MS_PER_S))
    devices = make_devices(scenario, _GATEWAY.tenant, _GATEWAY.store, bytes(32))
    heard, next_ms = Heard(), 0
    for _ in range(round(setting.minutes * 60 * scenario.tick_hz)):
        for output in store.step():
            heard.take(devices[output.device_id], output.line, store.now_ms)
        if store.now_ms >= next_ms:
            heard.visits.settle()
            next_ms = store.now_ms + _SETTLE_MS
    for device in devices.values():
        heard.take_drafts(device.source, device.end())
    heard.visits.settle()
    visits = tuple(visit for visit in heard.visits.visits() if visit.status in {"open", "closed"})
    return Day(made=tuple(heard.made), visits=visits, tracks=heard.tracks, truth=store.truth())


def _scenario(setting: DaySetting) -> Scenario:
    scenario, signs = load_scenario(setting.scenario), PRESETS["typical"]
    if setting.parties_per_h is not None:
        scenario = front(scenario, setting.parties_per_h)
    noise = replace(
        scenario.noise,
        occlusion=True,
        signature_sd=signs.sd,
        signature_camera_sd=signs.camera_sd,
        **LEVELS[setting.level],
    )
    kiosks = tuple(_wrong(each, setting.seed + place) for place, each in enumerate(scenario.kiosks))
    tills = tuple(_wrong(each, setting.seed + place + len(kiosks)) for place, each in enumerate(scenario.tills))
    return replace(scenario, noise=noise, kiosks=kiosks, tills=tills)


def _wrong(terminal: Kiosk | Till, place: int) -> Kiosk | Till:
    clock = replace(terminal.clock, offset_s=SKEWS_S[place % len(SKEWS_S)], drift_ppm=_DRIFT_PPM)
    return replace(terminal, clock=clock)


class Heard:
    """What a gateway and its cloud hear of a store.

    Attributes:
        visits: The gateway's.
        tracks: Each segment as a track.
        made: Scans and receipts.
    """

    def __init__(self) -> None:
        self.visits = Visits(_GATEWAY, RULES)
        self.tracks: dict[str, TrackSpan] = {}
        self.made: list[Made] = []

    def take(self, device: VirtualDevice, line: FeedLine, now_ms: int) -> None:
        """Take a line of a device."""
        self.take_drafts(device.source, device.take(line))
        for sign in signatures_of(device, line):
            self.visits.take_signature(sign, now_ms)

    def take_drafts(self, source: Source, drafts: Iterable[EventDraft[Payload]]) -> None:
        """Take events of a device."""
        for draft in drafts:
            if isinstance(draft.data, CodeScanned | PosSale):
                self.made.append(Made.of(source.device, draft.time_ms, draft.data))
            elif isinstance(draft.data, VisitSegment):
                segment = draft.data
                self.visits.take(source, segment)
                self.tracks[segment.segment_id] = TrackSpan(
                    camera_id=source.device,
                    track_id=segment.track_id,
                    from_ms=segment.opened_ms,
                    to_ms=segment.updated_ms,
                )
