"""Publishing: nothing is skipped, at most a window is on its way, and what is not acknowledged goes out again."""

from hypothesis import given
from hypothesis import strategies as st

from edge.core.sending import SendPolicy, SendState, acknowledge, begin, next_rows

POLICY = SendPolicy(window=10, first_resend_s=2, longest_resend_s=60)


@given(
    st.lists(
        st.tuples(st.sampled_from(["make", "ack", "wait", "reconnect"]), st.integers(min_value=0, max_value=30)),
        max_size=60,
    )
)
def test_whatever_happens_everything_is_sent_in_order_and_at_most_a_window_is_on_its_way(steps: list[tuple[str, int]]):
    state, newest, now_s, sent = begin(0), 0, 0.0, set[int]()
    for kind, amount in steps:
        if kind == "make":
            newest += amount
        elif kind == "ack" and sent:
            state = acknowledge(state, min(amount, max(sent)), now_s, POLICY)
        elif kind == "wait":
            now_s += amount
        elif kind == "reconnect":
            state = begin(state.acknowledged_through)
        state, rows = next_rows(state, newest, now_s, POLICY)
        sent.update(rows)
        assert state.sent_through - state.acknowledged_through <= POLICY.window
        assert set(range(1, state.sent_through + 1)) <= sent | set(range(1, state.acknowledged_through + 1))
        assert state.sent_through <= max(newest, state.acknowledged_through)


def _send(state: SendState, newest: int, now_s: float) -> tuple[SendState, list[int]]:
    state, rows = next_rows(state, newest, now_s, POLICY)
    return state, list(rows)


def test_silence_means_to_send_again_after_longer_and_longer_waits():
    state, rows = _send(begin(0), 3, 0)
    assert rows == [1, 2, 3]
    assert _send(state, 3, 1.9)[1] == []
    state, rows = _send(state, 3, 2.0)
    assert rows == [1, 2, 3]
    assert _send(state, 3, 5.9)[1] == []
    state, rows = _send(state, 3, 6.0)
    assert rows == [1, 2, 3]
    for expected_wait_s in (16, 32, 60, 60):
        at = state.resend_at_s
        assert at is not None
        state, _ = _send(state, 3, at)
        assert state.resend_at_s == at + expected_wait_s


def test_an_acknowledgement_opens_the_window_and_ends_the_waits():
    state, rows = _send(begin(0), 25, 0)
    assert rows == list(range(1, 11))
    state = acknowledge(state, 4, 1, POLICY)
    state, rows = _send(state, 25, 1)
    assert rows == [11, 12, 13, 14]
    assert state.resend_at_s == 3
    state = acknowledge(state, 14, 1, POLICY)
    assert state.resend_at_s is None


def test_an_old_acknowledgement_changes_nothing():
    state, _ = _send(begin(5), 9, 0)
    assert acknowledge(state, 5, 1, POLICY) is state
    assert acknowledge(state, 2, 1, POLICY) is state
