"""Where people stood, and floor plans, over HTTP."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from cloud.app import create_app
from contracts.payloads import FloorHeat, HeatCell
from tests.integration.cloud.support import STORE, T0, TENANT, Cloud, Shop, serving

_MINUTE_MS = 60_000
_PLAN: dict[str, Any] = {
    "zones": [{"zone_id": "wine", "zone_kind": "shelf", "corners": [[0, 0], [2, 0], [2, 1]]}],
    "obstacles": [{"name": "counter", "corners": [[3, 3], [4, 3], [4, 4]]}],
    "tripwires": [{"tripwire_id": "door", "kind": "entrance", "start": [0, 5], "end": [2, 5]}],
    "devices": [{"device": "till-1", "at": [3.5, 3.5]}],
}


@pytest.fixture
def http(cloud: Cloud) -> Iterator[httpx.Client]:
    secret = cloud.keys.create(TENANT, ["read", "admin"]).secret
    with serving(create_app(cloud.settings, cloud.clock, runs_projections=False)) as client:
        client.headers["Authorization"] = f"Bearer {secret}"
        yield client


def _heat(
    shop: Shop, start_ms: int, *cells: tuple[int, int, float], cell_m: float = 0.5, device: str = "cam-1"
) -> bytes:
    data = FloorHeat(
        interval_start_ms=start_ms,
        interval_end_ms=start_ms + _MINUTE_MS,
        cell_m=cell_m,
        cells=tuple(HeatCell(*cell) for cell in cells),
    )
    return shop.event(device, data, start_ms + _MINUTE_MS)


def test_seconds_of_all_cameras_add_up_and_a_correction_takes_them_out(cloud: Cloud, http: httpx.Client, shop: Shop):
    wrong = _heat(shop, T0 + 2 * _MINUTE_MS, (0, 0, 1000.0))
    cloud.take_in(
        shop.coverage(T0, T0 + 2 * _MINUTE_MS),
        _heat(shop, T0, (0, 0, 10.0), (3, 0, 5.0)),
        _heat(shop, T0 + _MINUTE_MS, (0, 0, 2.0), cell_m=1.0, device="cam-2"),
        wrong,
    )
    cloud.take_in(shop.correction(wrong))
    found = http.get(f"/v1/stores/{STORE}/heat").json()
    assert (found["cell_m"], found["devices"], found["observed_s"]) == (1.0, ["cam-1", "cam-2"], 120)
    assert [tuple(each.values()) for each in found["squares"]] == [(0, 0, 12.0), (1, 0, 5.0)]
    assert 0 < found["coverage"] < 1
    day_before = http.get(f"/v1/stores/{STORE}/heat", params={"from": "2026-03-01"}).json()
    assert (day_before["squares"], day_before["cell_m"]) == (None, None), "nobody observed, so nobody knows"


def test_an_observed_day_without_anybody_is_known_to_be_empty(cloud: Cloud, http: httpx.Client, shop: Shop):
    cloud.take_in(shop.coverage(T0, T0 + _MINUTE_MS))
    assert http.get(f"/v1/stores/{STORE}/heat").json()["squares"] == []


@pytest.mark.parametrize(
    "query",
    [
        {"from": "2026-03-01", "to": "2026-03-09"},
        {"from": "2026-03-02", "to": "2026-03-02"},
        {"from": "1900-01-01"},
    ],
)
def test_periods_that_cannot_be_told_are_refused(cloud: Cloud, http: httpx.Client, shop: Shop, query: dict[str, str]):
    cloud.take_in(shop.crossing(T0))
    assert http.get(f"/v1/stores/{STORE}/heat", params=query).status_code == 422


def test_a_plan_is_drawn_and_kept_over_a_rebuild(cloud: Cloud, http: httpx.Client, shop: Shop):
    path = f"/v1/stores/{STORE}/plan"
    assert http.put(path, json=_PLAN).status_code == 404, "no such store yet"
    cloud.take_in(shop.crossing(T0))
    assert set(map(len, http.get(path).json().values())) == {0}, "nobody drew it"
    assert (
        http.put(path, json={**_PLAN, "zones": [{"zone_id": "x", "zone_kind": "moon", "corners": []}]}).status_code
        == 422
    )
    assert http.put(path, json=_PLAN).json() == _PLAN
    cloud.projector.rebuild()
    assert http.get(path).json() == _PLAN
