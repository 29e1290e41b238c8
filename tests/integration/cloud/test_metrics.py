"""What Prometheus reads."""

from collections.abc import Sequence

import msgspec
import pytest
from sqlalchemy import Table

from cloud.app import create_app
from cloud.config import Settings
from cloud.db import WriteSession
from cloud.projections.base import StoredEvent, read_cursors
from cloud.projections.projector import Projector
from tests.integration.cloud.support import T0, Cloud, Shop, serving


def test_metrics_tell_how_far_the_figures_are_behind(cloud: Cloud, settings: Settings, shop: Shop):
    app = create_app(msgspec.structs.replace(settings, metrics=True), cloud.clock, runs_projections=False)
    with serving(app) as http:
        cloud.ingest([shop.crossing(T0), shop.crossing(T0 + 1), b"{"])
        cloud.now_ms += 2500
        answer = http.get("/metrics")
        assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
        samples = dict(line.rsplit(" ", 1) for line in answer.text.splitlines() if not line.startswith("#"))
        assert samples["shopthread_cloud_log_position"] == "2"
        assert samples['shopthread_cloud_projection_lag_events{projection="footfall"}'] == "2"
        assert samples['shopthread_cloud_projection_lag_seconds{projection="footfall"}'] == "2.5"
        assert samples["shopthread_cloud_dead_letters"] == "1"
        assert samples["shopthread_cloud_alerts_open"] == "0"
        assert samples['shopthread_cloud_undeliverable{to="alert channels"}'] == "0"
        cloud.projector.catch_up()
        assert 'lag_seconds{projection="footfall"} 0.0\n' in http.get("/metrics").text
        assert http.get("/openapi.json").json()["paths"].keys().isdisjoint({"/metrics"})


def test_metrics_are_off_unless_asked_for(cloud: Cloud, settings: Settings):
    with serving(create_app(settings, cloud.clock, runs_projections=False)) as http:
        assert http.get("/metrics").status_code == 404


class Probe:
    """A projection that notes that it was asked, and may fail."""

    types: frozenset[str] | None = None
    tables: tuple[Table, ...] = ()

    def __init__(self, name: str, asked: list[str], *, fails: bool) -> None:
        self.name = name
        self._asked = asked
        self._fails = fails

    def apply(self, _session: WriteSession, events: Sequence[StoredEvent]) -> None:
        self._asked.append(self.name)
        assert len(events) == 1
        if self._fails:
            raise ZeroDivisionError


def test_a_projection_that_fails_holds_up_none_before_it(cloud: Cloud, shop: Shop):
    asked: list[str] = []
    projector = Projector(cloud.database, [Probe("good", asked, fails=False), Probe("bad", asked, fails=True)], [])
    cloud.ingest([shop.crossing(T0)])
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            projector.step()
    assert asked == ["good", "bad", "good", "bad", "bad"]
    with cloud.database.read() as session:
        assert read_cursors(session, ["good", "bad"]) == {"good": 1, "bad": 0}
