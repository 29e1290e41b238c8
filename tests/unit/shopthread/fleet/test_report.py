"""The report says what is missing and why; the tables show the figures."""

from rich.console import Console

from edge.core.sending import SendPolicy
from shopthread.fleet.display import ProgressLine, progress_line, report_table, volume_tables
from shopthread.fleet.dry_run import measure
from shopthread.fleet.fleet import Progress
from shopthread.fleet.lanes import Lane
from shopthread.fleet.report import Report, why_missing
from shopthread.fleet.tally import Tally, Trust
from tests.unit.shopthread.fleet.fleets import START_MS, held, outbox, plan


def _progress(tally: Tally | None = None) -> Progress:
    tally = tally or Tally(trust=Trust.GATEWAY, confirmed=1)
    return Progress(now_ms=START_MS + 60_000, seconds=2.0, made=10, held=0, tally=tally)


def _lane(acknowledged: int = 0) -> Lane:
    lane = Lane(outbox(5), SendPolicy())
    lane.take(5, 0.0)
    if acknowledged:
        lane.hear(held(acknowledged), 0.0)
    return lane


def test_nothing_is_said_where_nothing_is_missing():
    assert why_missing([_lane(5)], _progress()) == []


def test_each_reason_is_told_apart():
    assert "no gateway of this store answers" in why_missing([_lane()], _progress())[0]
    assert "the broker has confirmed nothing" in why_missing([_lane()], _progress(Tally(trust=Trust.GATEWAY)))[0]
    (line,) = why_missing([_lane(2), _lane()], _progress())
    assert line.startswith("acme/shop: 8 events: the gateway has not acknowledged them")
    assert (
        "the broker has not confirmed" in why_missing([_lane()], _progress(Tally(trust=Trust.BROKER, confirmed=1)))[0]
    )
    assert (
        "Not authorized"
        in why_missing([_lane()], _progress(Tally(trust=Trust.GATEWAY, confirmed=1, refusal="Not authorized")))[0]
    )


def test_many_stores_are_summed_up():
    lanes = []
    for number in range(14):
        lane = _lane()
        lane.outbox.source = type(lane.outbox.source)("acme", f"shop-{number}", "cam-1")
        lanes.append(lane)
    lines = why_missing(lanes, _progress())
    assert len(lines) == 11
    assert lines[-1] == "and 4 more stores"


def _drawn(*tables: object) -> str:
    console = Console(width=100, record=True, file=None, quiet=False)
    with console.capture() as capture:
        for table in tables:
            console.print(table)
    return capture.get()


def test_the_tables_show_the_figures():
    report = Report(
        devices=1,
        stores=2,
        events={"org.shopthread.coverage.v1": 1234},
        made=1234,
        acknowledged=1230,
        acknowledged_by="gateway",
        published=1300,
        published_again=66,
        connections_lost=3,
        seconds=2.0,
        events_per_s=615.0,
        missing=(),
    )
    text = _drawn(report_table(report))
    for figure in ("2 stores, 1 device", "coverage.v1", "1,234", "acknowledged by the gateway", "1,300 / 66", "615"):
        assert figure in text


def test_a_dry_run_tells_the_volume_of_an_hour():
    volumes = measure(plan(90.0))
    assert [volume.kind for volume in volumes] == ["camera", "camera", "terminal", "pos"]
    assert all(volume.events["org.shopthread.device.health.v1"] == 120 for volume in volumes)
    text = _drawn(*volume_tables(volumes, 40, 10, 2.0))
    assert "10 stores, 40 devices" in text
    assert "4,800" in text, "the health reports of 40 devices in an hour"
    assert "--speed 2" in text
    assert "--speed" not in _drawn(*volume_tables(volumes, 4, 1, 0.0))


def test_the_line_tells_what_goes_on():
    console = Console(width=200, force_terminal=True, file=None)
    with console.capture(), progress_line(console, START_MS, 120.0) as line:
        line.show_recording(START_MS + 1000)
        line.show(_progress(Tally(trust=Trust.OPEN, acknowledged=100, again=7, losses=2)))
        figures = _figures(line)
    assert "50 events/s" in figures
    assert "100 acknowledged" in figures
    assert "7 published again" in figures
    assert "2 connections lost" in figures


def _figures(line: ProgressLine) -> str:
    return str(line._bar.tasks[0].fields["figures"])
