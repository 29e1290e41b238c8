"""The chaos suite in short: every kind of fault once, then every hop holds the same events."""

from pathlib import Path

import pytest

from benchmarks.chaos.harness import strike
from benchmarks.chaos.plan import Kind, plan
from benchmarks.chaos.shop import Shop

_SEED = 18
"""The last fault of these kills devices: they are still starting when they are told to make no more."""
_LIMIT_S = 200


@pytest.mark.e2e
def test_every_hop_holds_the_same_events_after_each_kind_of_fault(tmp_path: Path):
    shop = Shop(tmp_path / "run", groups=2, devices=2, rate=40)
    try:
        shop.start()
        for fault in plan(_SEED, len(Kind), groups=2, longest_s=0.4):
            strike(shop, fault)
        shop.settle(_LIMIT_S)
        hops = shop.hops()
    finally:
        shop.close()
    assert hops.faults() == []
    assert hops.longest_losses() == (0, 0)
    assert len(hops.truth) > 100
    assert hops.repeated > 0, "messages that were published twice must have come twice"
