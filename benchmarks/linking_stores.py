"""Simulated stores for links: a busy front of one, and what is kept of them between runs."""

from collections.abc import Callable, Iterable
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import TypeVar

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from contracts.payloads import CodeScanned, PosSale
from simulators.core.scenario import Scenario

PARTY_SIZES = (0.45, 0.30, 0.15, 0.10)
"""How frequent parties of one, two, three and four are."""
SKEWS_S = (0.0, 2.0, -2.0, 5.0, -5.0, 15.0, -15.0, 0.5)
"""How wrong terminals' clocks go; each terminal has the next one, and another seed begins elsewhere."""
_KEPT = Path("build/linking")
_MADE_BY = ("benchmarks/linking_stores.py", "contracts", "simulators/core", "simulators/scenarios")

_BROWSE_S = (3.0, 15.0)
_CONSENT = 0.95
_FROM_Y_M = 9.5

S = TypeVar("S")


class Made(Struct, frozen=True, kw_only=True):
    """A scan or a receipt as its device tells it, at its own time."""

    device: str
    time_ms: int
    scan: CodeScanned | None = None
    sale: PosSale | None = None

    @classmethod
    def of(cls, device: str, time_ms: int, event: CodeScanned | PosSale) -> "Made":
        """Return an event of a device."""
        if isinstance(event, CodeScanned):
            return cls(device=device, time_ms=time_ms, scan=event)
        return cls(device=device, time_ms=time_ms, sale=event)

    @property
    def event(self) -> CodeScanned | PosSale:
        """Return whichever it is.

        Raises:
            ValueError: It is neither.
        """
        event = self.scan or self.sale
        if event is None:
            msg = f"expected a scan or a receipt of {self.device} at {self.time_ms}, got neither"
            raise ValueError(msg)
        return event


def front(scenario: Scenario, parties_per_h: float, party_sizes: tuple[float, ...] = PARTY_SIZES) -> Scenario:
    """Return a store of which people use the front half alone, for a few things; most are members, show it and agree.

    So an hour holds many touches: what is between them says little of links.
    """
    traffic = replace(
        scenario.traffic,
        parties_per_hour=parties_per_h,
        passers_by_per_hour=0.0,
        by_hour=(1.0,) * len(scenario.traffic.by_hour),
        by_weekday=(1.0,) * len(scenario.traffic.by_weekday),
        party_size_weights=party_sizes,
    )
    behaviour = replace(scenario.behaviour, browse_s=_BROWSE_S, members=0.7, show_member=1.0, buyers_who_scan=0.2)
    return replace(
        scenario,
        members=replace(scenario.members, consent=_CONSENT),
        shelves=tuple(each for each in scenario.shelves if min(y_m for _, y_m in each.polygon) >= _FROM_Y_M),
        cameras=tuple(each for each in scenario.cameras if each.position[1] >= _FROM_Y_M),
        traffic=traffic,
        behaviour=behaviour,
        delivery=None,
    )


def kept(setting: Struct, kind: type[S], make: Callable[[], S], *made_by: str) -> S:
    """Return what a setting makes, made only if the same code has not made it before; kept in `build/linking`.

    Args:
        setting: What to make.
        kind: Its type.
        make: Makes it.
        *made_by: Files and folders of the code that makes it, besides the simulator.
    """
    content = type(setting).__name__.encode() + msgspec.json.encode(setting) + _code(made_by).encode()
    path = _KEPT / f"{sha256(content).hexdigest()[:24]}.msgpack"
    if path.exists():
        return msgspec.msgpack.decode(path.read_bytes(), type=kind)
    made = make()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(msgspec.msgpack.encode(made))
    return made


@cache
def _code(made_by: tuple[str, ...]) -> str:
    """Return a hash of the code and the scenarios from which stores follow."""
    root, digest = Path(__file__).parent.parent, sha256()
    for name in (*_MADE_BY, *made_by):
        paths: Iterable[Path] = [root / name] if name.endswith(".py") else sorted((root / name).rglob("*.*"))
        for path in paths:
            if path.suffix in {".py", ".toml"} and "scoring" not in path.parts:
                digest.update(path.read_bytes())
    return digest.hexdigest()
