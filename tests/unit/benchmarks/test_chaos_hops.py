"""The chaos suite's comparison: what it takes for a loss, and which lines of a journal count."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from benchmarks.chaos.hops import Held, Hops
from benchmarks.chaos.journal import Journal
from contracts.payloads import FootfallCrossing, VisitSegment

ID = "0190a1b2-0000-7000-8000-{:012d}"
TRUTH: Held = {
    ID.format(number): ("cam-1", kind, number)
    for number, kind in enumerate((FootfallCrossing.TYPE, VisitSegment.TYPE, FootfallCrossing.TYPE), 1)
}
OWN: Held = {ID.format(9): ("gateway", "visit", 1)}
SOUND = Hops(
    truth=TRUTH,
    gateway=TRUTH,
    cloud=TRUTH,
    own=OWN,
    own_in_cloud=OWN,
    outboxes={"cam-1": (3, 0)},
    letters=0,
    figures={"crossings": 2, "visits": 1},
    repeated=0,
)
FIRST = ID.format(1)
WITHOUT_FIRST = {key: each for key, each in TRUTH.items() if key != FIRST}


def test_equal_hops_are_sound():
    assert SOUND.faults() == []
    assert SOUND.longest_losses() == (0, 0)
    assert SOUND.counts(0) == [("cam-1", 3, 3, 3)]
    assert SOUND.counts(1) == [(FootfallCrossing.TYPE, 2, 2, 2), (VisitSegment.TYPE, 1, 1, 1)]


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        (replace(SOUND, gateway=WITHOUT_FIRST), "gateway lacks 1 events"),
        (replace(SOUND, cloud=WITHOUT_FIRST), "cloud lacks 1 events"),
        (replace(SOUND, cloud=TRUTH | {ID.format(8): ("cam-1", "extra", 4)}), "cloud holds besides 1 events"),
        (replace(SOUND, own_in_cloud={}), "cloud, of the gateway's own lacks 1 events"),
        (replace(SOUND, own={}, own_in_cloud={ID.format(7): ("gateway", "visit", 1)}), "holds besides"),
        (replace(SOUND, truth=WITHOUT_FIRST), "devices' numbers of cam-1 are not 1 to 2"),
        (replace(SOUND, outboxes={"cam-1": (3, 1)}), "of which 1 wait"),
        (replace(SOUND, outboxes={"cam-1": (4, 0)}), "its outbox had 4"),
        (replace(SOUND, letters=2), "2 dead letters"),
        (replace(SOUND, figures={"crossings": 3, "visits": 1}), "counted 3 crossings, there were 2"),
    ],
)
def test_whatever_differs_is_told(broken: Hops, words: str):
    assert any(words in line for line in broken.faults())


def test_the_longest_loss_is_counted_in_events_of_one_device():
    lacking = {key: each for key, each in TRUTH.items() if each[2] == 2}
    assert replace(SOUND, gateway={}, cloud=lacking).longest_losses() == (3, 1)


def test_of_a_number_that_was_made_again_the_last_line_counts_and_torn_lines_do_not(tmp_path: Path):
    path, journal = tmp_path / "cam.journal", Journal()
    assert journal.read(path).kept == 0, "the device has not begun"
    path.write_bytes(
        f"\nmade 1 a.b {FIRST}\nkept 1\n\nmade 2 a.b {FIRST[:10]}\nmade 2 a.b {ID.format(5)}\nkep".encode()
    )
    assert journal.read(path).kept == 1
    with path.open("ab") as file:
        file.write(f"t 2\n\nmade 2 a.c {ID.format(6)}\nkept 2\n".encode())
    assert journal.read(path).kept == 2
    assert journal.made == {1: ("a.b", FIRST), 2: ("a.c", ID.format(6))}
