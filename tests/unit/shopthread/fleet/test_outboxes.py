"""An outbox in memory behaves as the durable one does."""

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from edge.adapters.outbox import Outbox
from tests.unit.shopthread.fleet.fleets import DEVICE, coverage, held, outbox

_STEPS = st.lists(
    st.tuples(st.sampled_from(["append", "acknowledge", "stranger"]), st.lists(st.integers(0, 12), max_size=6)),
    max_size=8,
)


@settings(max_examples=15)
@given(_STEPS, st.integers(0, 8), st.integers(1, 10))
def test_it_does_what_the_durable_outbox_does(steps: list[tuple[str, list[int]]], first: int, count: int):
    ours = outbox()
    with tempfile.TemporaryDirectory() as folder:
        durable = Outbox(Path(folder) / "outbox.sqlite", DEVICE, lambda: "epoch-1")
        for kind, numbers in steps:
            through = sum(numbers)
            if kind == "append":
                drafts = [coverage(number) for number in numbers]
                assert ours.append([*drafts]) == durable.append(drafts)
            elif kind == "acknowledge":
                ours.acknowledge(held(through))
                durable.acknowledge("epoch-1", through)
            else:
                assert not ours.acknowledge(held(through, "epoch-0"))
                assert not durable.acknowledge("epoch-0", through)
            counts = durable.counts()
            assert (ours.made, ours.acknowledged) == (counts.made, counts.acknowledged)
            wanted = range(first, first + count)
            assert ours.rows(wanted) == durable.rows(wanted)
        durable.close()


def test_it_counts_events_by_type_and_tells_whether_an_acknowledgement_is_news():
    ours = outbox(3)
    assert ours.types() == {"org.shopthread.coverage.v1": 3}
    assert ours.acknowledge(held(2))
    assert not ours.acknowledge(held(2))
    assert not ours.acknowledge(held(1))
    assert ours.types().total() == 3
