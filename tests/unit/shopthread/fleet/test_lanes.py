"""Whatever is lost on the way, everything is published until it is acknowledged, and never too much at once."""

from hypothesis import given, settings
from hypothesis import strategies as st

from edge.core.sending import SendPolicy
from shopthread.fleet.lanes import Lane
from tests.unit.shopthread.fleet.fleets import coverage, held, outbox

POLICY = SendPolicy(window=10, first_resend_s=2.0, longest_resend_s=8.0)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("make"), st.integers(1, 8)),
        st.tuples(st.just("take"), st.integers(1, 15)),
        st.tuples(st.just("hear"), st.integers(0, 60)),
        st.tuples(st.just("wait"), st.integers(0, 10)),
        st.tuples(st.just("restart"), st.just(0)),
    ),
    max_size=30,
)


@settings(max_examples=150)
@given(STEPS)
def test_at_most_a_window_is_on_its_way_and_everything_gets_there(steps: list[tuple[str, int]]):
    made_by_device = outbox()
    lane, now_s, made, taken = Lane(made_by_device, POLICY), 0.0, 0, set[int]()

    def take(most: int) -> None:
        rows, again = lane.take(most, now_s)
        numbers = [row.sequence for row in rows]
        assert len(numbers) <= most
        assert again == sum(number in taken for number in numbers)
        taken.update(numbers)

    for kind, value in steps:
        if kind == "make":
            made_by_device.append([coverage(made + number) for number in range(1, value + 1)])
            made += value
            assert lane.note_growth() == value
        elif kind == "take":
            take(value)
        elif kind == "hear":
            before = lane.waiting
            told = lane.hear(held(min(value, max(taken, default=0))), now_s)
            assert told == (lane.waiting < before)
        elif kind == "wait":
            now_s += value
            lane.expire(now_s)
        else:
            lane.restart()
            assert lane.in_flight == 0
        assert 0 <= lane.in_flight <= POLICY.window
    for _ in range(2 * made + 2):
        now_s += 100
        take(100)
        lane.hear(held(max(taken, default=0)), now_s)
    assert lane.waiting == lane.in_flight == 0
    assert taken == set(range(1, made + 1))


def test_a_lane_waits_with_patience_for_what_the_network_holds_back():
    lane = Lane(outbox(5), POLICY)
    lane.held = 1
    assert len(lane.take(3, 0.0)[0]) == 3
    assert not lane.expire(1000.0)
    assert lane.in_flight == 3
    assert lane.take(10, 1000.0)[1] == 0
    lane.release(1000.0)
    assert not lane.expire(1001.9)
    assert not lane.can_publish()
    assert lane.expire(1002.0)
    assert lane.can_publish()
    assert lane.take(10, 1002.0)[1] == 5


def test_the_brokers_word_counts_without_gaps_only():
    lane = Lane(outbox(4), POLICY)
    lane.take(4, 0.0)
    lane.confirm(2)
    assert not lane.drop_confirmed(0.0)
    lane.confirm(1)
    assert lane.drop_confirmed(0.0)
    assert lane.waiting == 2
    lane.confirm(1)
    lane.confirm(4)
    lane.forget_confirmed()
    lane.confirm(3)
    assert lane.drop_confirmed(0.0)
    assert (lane.waiting, lane.hears_gateway) == (1, False)


def test_another_lifes_acknowledgement_is_no_sign_of_a_gateway():
    lane = Lane(outbox(1), POLICY)
    lane.take(1, 0.0)
    assert not lane.hear(held(1, "epoch-0"), 0.0)
    assert not lane.hears_gateway
    assert not lane.hear(held(0), 0.0)
    assert lane.hears_gateway
