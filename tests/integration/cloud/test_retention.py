"""What is taken out of the log is gone from it, and what was derived from it stays: at once, and after a rebuild."""

import pytest
from sqlalchemy import func, select
from typer.testing import CliRunner

from cloud.app import make_retainer
from cloud.config import Settings
from cloud.projections.registry import PROJECTIONS
from cloud.retention import service
from cloud.retention.policy import MS_PER_DAY, short_name
from cloud.retention.service import Retainer
from cloud.tables import event_log
from contracts.payloads import CodeScanned, FloorHeat, HeatCell, PosSale, QueueWait
from shopthread.cloud_commands import app as cli
from tests.integration.cloud.support import MEMBERS, T0, Cloud, Shop, consent, event_id_of, visit_id
from tests.integration.cloud.test_conformance import a_day

RETENTION = (
    "visit.segment=30,visit.revised=30,footfall.crossing=30,coverage=30,zone.occupancy=30,floor.heat=30,queue.wait=30,"
    "device.health=30,staff.shown=30"
)
LATER_MS = 31 * MS_PER_DAY


def everything(shop: Shop) -> list[bytes]:
    heat = FloorHeat(interval_start_ms=T0, interval_end_ms=T0 + 60_000, cell_m=0.5, cells=(HeatCell(1, 2, 3.0),))
    wait = QueueWait(
        zone_id="till",
        track_id="t1",
        segment_id=visit_id(77),
        joined_ms=T0,
        left_ms=T0 + 5000,
        outcome="served",
        rule_version="1",
    )
    return [*a_day(shop), shop.event("cam-1", heat, T0 + 60_000), shop.event("cam-1", wait, T0 + 5000)]


def retainer(cloud: Cloud, text: str = RETENTION) -> Retainer:
    return make_retainer(Settings(retention=text), cloud.database, cloud.clock)


def kinds_in_log(cloud: Cloud) -> dict[str, int]:
    with cloud.database.read() as session:
        rows = session.rows(select(event_log.c.type, func.count()).group_by(event_log.c.type))
    return {short_name(kind): count for kind, count in rows}


def figures(cloud: Cloud) -> dict[str, list[tuple[object, ...]]]:
    """Return the state but for what tells what the log holds: which revisions were superseded, and what was taken."""
    state = cloud.state()
    return {
        name: rows
        for name, rows in state.items()
        if name not in {"visit_revisions", "retired_counts", "retired_delays"}
    }


def test_figures_stay_as_they_are_also_after_a_rebuild(cloud: Cloud, shop: Shop, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(service, "WINDOW", 7)
    for member in (0, 1):
        consent(cloud, member)
    raws = everything(shop)
    cloud.take_in(*raws)
    before, log = figures(cloud), kinds_in_log(cloud)
    assert retainer(cloud).apply() == [], "nothing is old yet"
    cloud.now_ms += LATER_MS
    young = shop.crossing(T0 + LATER_MS)
    cloud.take_in(young)
    before = figures(cloud)
    planned = retainer(cloud).plan()
    assert kinds_in_log(cloud) == {**log, "footfall.crossing": 4}, "a plan changes nothing"
    assert retainer(cloud).apply() == planned
    assert {short_name(each.type): each.events for each in planned} == {
        "footfall.crossing": 3,
        "coverage": 1,
        "zone.occupancy": 2,
        "floor.heat": 1,
        "queue.wait": 1,
        "device.health": 2,
        "staff.shown": 1,
        "visit.revised": 2,
    }
    assert sum(each.raw_bytes for each in planned) > 1000
    assert {(each.first_ms, each.last_ms) for each in planned} == {(cloud.now_ms - LATER_MS, cloud.now_ms - LATER_MS)}
    left = kinds_in_log(cloud)
    assert left == {
        "footfall.crossing": 1,
        "visit.revised": log["visit.revised"] - 2,
        **{kind: log[kind] for kind in ("code.scanned", "pos.sale", "correction")},
    }
    assert figures(cloud) == before
    cloud.projector.rebuild()
    assert figures(cloud) == before
    assert retainer(cloud).apply() == [], "a second time there is nothing left"
    cloud.take_in(*raws)
    again = figures(cloud)
    changed = {name for name in before if again[name] != before[name]}
    assert changed <= {"event_counts", "event_delays"}, "what is sent anew adds nothing"


def test_a_visit_that_goes_on_keeps_its_newest_revision(cloud: Cloud, shop: Shop):
    cloud.take_in(shop.visit(1, 1, ("kiosk", 10, None), status="open"), shop.visit(1, 2, ("kiosk", 10, 20)))
    cloud.now_ms += LATER_MS
    retainer(cloud, "visit.revised=30").apply()
    cloud.take_in(shop.visit(1, 3, ("kiosk", 10, 25)))
    cloud.projector.rebuild()
    assert [(row[1], row[4]) for row in cloud.state()["visits"]] == [(visit_id(1), 3)]


def test_what_no_projection_has_read_stays(cloud: Cloud, shop: Shop, monkeypatch: pytest.MonkeyPatch):
    cloud.ingest([shop.crossing(T0)])
    cloud.now_ms += LATER_MS
    assert retainer(cloud).apply() == []
    cloud.projector.catch_up()
    monkeypatch.setattr(service, "lock_cursors", lambda _session, names: dict.fromkeys(names, 0))
    assert retainer(cloud).apply() == [], "a rebuild began after the cursors were read"
    monkeypatch.undo()
    assert len(retainer(cloud).apply()) == 1


def test_what_would_be_lost_is_refused(cloud: Cloud, monkeypatch: pytest.MonkeyPatch):
    with pytest.raises(ValueError, match=r"code\.scanned, pos\.sale must stay"):
        Retainer(cloud.database, PROJECTIONS, {PosSale.TYPE: 1, CodeScanned.TYPE: 1}, cloud.clock)
    monkeypatch.setattr(service, "COUNTING", ("stores",))
    with pytest.raises(ValueError, match="lateness would count less"):
        retainer(cloud)


def test_an_operator_sees_first_what_would_go(cloud: Cloud, shop: Shop, monkeypatch: pytest.MonkeyPatch):
    url = cloud.settings.resolved_database_url.replace("postgresql+psycopg", "postgresql")
    cloud.take_in(shop.crossing(T0), shop.scan(1, MEMBERS[0]))

    def run(*arguments: str) -> tuple[int, list[str]]:
        outcome = CliRunner().invoke(cli, ["retain", "--database-url", url, *arguments])
        return outcome.exit_code, outcome.output.splitlines()

    assert run() == (0, ["everything is kept: SHOPTHREAD_CLOUD_RETENTION names no type, such as visit.segment=90"])
    monkeypatch.setenv("SHOPTHREAD_CLOUD_RETENTION", "pos.sale=30")
    code, said = run()
    assert (code, "retention: pos.sale is kept for ever" in said[0]) == (1, True)
    monkeypatch.setenv("SHOPTHREAD_CLOUD_RETENTION", "footfall.crossing=30, coverage=400")
    code, said = run()
    assert code == 0
    assert said[0].split()[:4] == ["coverage", "400", "days", "nothing"]
    assert said[1].split()[:5] == ["footfall.crossing", "30", "days", "1", "events"]
    assert said[2] == "nothing was changed; --apply takes these out"
    assert "footfall.crossing" in kinds_in_log(cloud)
    assert run("--apply")[1][-1] == "taken out"
    assert kinds_in_log(cloud) == {"code.scanned": 1}
    monkeypatch.setattr("cloud.retention.service.FACTS", {})
    code, said = run("--apply")
    assert (code, "must stay in the log" in said[0]) == (1, True)


def test_a_fact_that_comes_again_counts_once(cloud: Cloud, shop: Shop):
    raw = shop.crossing(T0)
    for _ in range(2):
        cloud.take_in(raw)
        cloud.now_ms += LATER_MS
        retainer(cloud).apply()
    assert [row[1] for row in cloud.state()["crossings"]] == [event_id_of(raw)]
