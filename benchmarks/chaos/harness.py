"""Strikes a running shop with the faults of a plan, one after the other."""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from benchmarks.chaos.line import State
from benchmarks.chaos.plan import Fault, Kind
from benchmarks.chaos.shop import BROKER, CLOUD, GATEWAY, Shop

_CUT_BYTES = 4000
_FULL_BYTES = 4096


def strike(shop: Shop, fault: Fault) -> None:
    """Wait, let something go wrong for as long as planned, and mend it."""
    time.sleep(fault.pause_s)
    shop.processes.tend()
    began_s = time.monotonic()
    with _FAULTS[fault.kind](shop, fault):
        time.sleep(fault.hold_s)
    shop.recovery.mended(fault, began_s)


def _killing(choose: Callable[[Shop, Fault], str], *, forgets: bool = False) -> "_Strike":
    @contextmanager
    def killed(shop: Shop, fault: Fault) -> Iterator[None]:
        name = choose(shop, fault)
        shop.processes.kill(name)
        if forgets:
            shop.forget_broker()
        yield
        shop.processes.revive(name)

    return killed


def _line(state: State) -> "_Strike":
    @contextmanager
    def broken(shop: Shop, fault: Fault) -> Iterator[None]:
        shop.line.become(state, fault.draw % _CUT_BYTES)
        yield
        shop.line.become(State.UP)

    return broken


def _repeating(*, shuffled: bool) -> "_Strike":
    @contextmanager
    def repeated(shop: Shop, fault: Fault) -> Iterator[None]:
        shop.repeater.repeat(fault.draw, shuffled=shuffled)
        yield

    return repeated


def _filling(choose: Callable[[Shop, Fault], str]) -> "_Strike":
    @contextmanager
    def full(shop: Shop, fault: Fault) -> Iterator[None]:
        name = choose(shop, fault)
        shop.processes.fill_disk(name, _FULL_BYTES)
        yield
        shop.processes.fill_disk(name, None)

    return full


@contextmanager
def _clock_set(shop: Shop, fault: Fault) -> Iterator[None]:
    shop.set_clock(_devices(shop, fault), fault.step_ms)
    yield


def _devices(shop: Shop, fault: Fault) -> str:
    return shop.groups[fault.group]


def _always(name: str) -> Callable[[Shop, Fault], str]:
    return lambda _shop, _fault: name


_Strike = Callable[[Shop, Fault], AbstractContextManager[None]]
_FAULTS: dict[Kind, _Strike] = {
    Kind.DEVICES_KILLED: _killing(_devices),
    Kind.BROKER_KILLED: _killing(_always(BROKER)),
    Kind.BROKER_FORGETS: _killing(_always(BROKER), forgets=True),
    Kind.GATEWAY_KILLED: _killing(_always(GATEWAY)),
    Kind.CLOUD_KILLED: _killing(_always(CLOUD)),
    Kind.LINE_REFUSED: _line(State.REFUSED),
    Kind.LINE_HANGS: _line(State.HANGS),
    Kind.REQUEST_CUT: _line(State.REQUEST_CUT),
    Kind.ANSWER_CUT: _line(State.ANSWER_CUT),
    Kind.REPEATED: _repeating(shuffled=False),
    Kind.SHUFFLED: _repeating(shuffled=True),
    Kind.DEVICES_FULL: _filling(_devices),
    Kind.GATEWAY_FULL: _filling(_always(GATEWAY)),
    Kind.CLOUD_FULL: _filling(_always(CLOUD)),
    Kind.CLOCK_SET: _clock_set,
}
