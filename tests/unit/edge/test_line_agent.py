"""The line agent: each line once, bad lines kept, a restart goes on where it was."""

from pathlib import Path

from contracts.events import Source, decode_event
from contracts.payloads import CodeScanned
from edge.adapters.line_source import line_source
from edge.adapters.outbox import Outbox
from edge.core.receipts import PosRules
from edge.core.scanning import scan_rules
from edge.health import HealthReporter, Vitals
from edge.line_agent import LineAgent, ReceiptReader, ScanReader

SOURCE = Source("acme", "store-1", "kiosk")
RULES = scan_rules(SOURCE, b"k" * 16, {}, 30.0, None)


def _run(folder: Path, outbox: Outbox) -> None:
    source = line_source(f"file:{folder / 'scans'}")
    LineAgent(source, ScanReader(RULES), outbox, lambda: None, lambda: 1000).run(lambda: False)


def _codes(outbox: Outbox) -> list[str]:
    data = [decode_event(row.body).data for row in outbox.rows(range(1, 99))]
    return [each.code for each in data if isinstance(each, CodeScanned)]


def test_a_restart_goes_on_where_it_was_and_bad_lines_are_kept(tmp_path: Path):
    outbox = Outbox(tmp_path / "outbox.sqlite", SOURCE, lambda: "a1")
    (tmp_path / "scans").write_bytes(b"4006381333931\n\n{bad\n96385074\n")
    _run(tmp_path, outbox)
    assert _codes(outbox) == ["4006381333931", "96385074"]
    assert outbox.counts().bad_inputs == 1
    with (tmp_path / "scans").open("ab") as file:
        file.write(b'HELLO\n{"end": true}\n96385074\n')
    _run(tmp_path, outbox)
    assert _codes(outbox) == ["4006381333931", "96385074", "HELLO"]
    assert outbox.counts().bad_inputs == 1
    outbox.close()


def test_receipts_go_the_same_way(tmp_path: Path):
    outbox = Outbox(tmp_path / "outbox.sqlite", SOURCE, lambda: "a1")
    (tmp_path / "receipts").write_bytes(b'{"receipt_id":"r1","lines":[],"total_minor":0,"currency":"EUR"}\n')
    source = line_source(f"file:{tmp_path / 'receipts'}")
    reader = ReceiptReader(PosRules(source=SOURCE, pseudonym_key=b"k" * 16))
    woken = []
    LineAgent(source, reader, outbox, lambda: woken.append(1), lambda: 1000).run(lambda: False)
    assert outbox.counts().made == len(woken) == 1
    outbox.close()


def test_health_is_reported_at_intervals_and_at_the_end(tmp_path: Path):
    outbox = Outbox(tmp_path / "outbox.sqlite", SOURCE, lambda: "a1")
    times = iter(range(1000, 100_000, 500))
    reporter = HealthReporter(SOURCE, outbox, "0.1", 0.01, lambda: next(times), lambda: Vitals(fps=9.5), lambda: 41.0)
    reporter.start()
    while outbox.counts().made < 3:
        pass
    reporter.stop()
    events = [decode_event(row.body) for row in outbox.rows(range(1, 999))]
    assert len(events) >= 4
    assert [(event.data.fps, event.data.temperature_c) for event in events[:2]] == [(9.5, 41.0)] * 2  # type: ignore[attr-defined]
    outbox.close()
