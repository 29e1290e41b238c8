"""Codes are easy to type and hard to guess; passwords are kept as Mosquitto keeps them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.devices.enrolment_code import CODE_BYTES, code_hash, code_of, plain_code
from gateway.core.devices.passwords import hash_password, matches, merged_passwords
from gateway.core.devices.rate_limit import Bucket, RateRule, is_full, try_now


@given(st.binary(min_size=CODE_BYTES, max_size=CODE_BYTES))
def test_what_is_typed_carelessly_is_the_same_code(drawn: bytes):
    code = code_of(drawn)
    careless = code.lower().replace("-", " ").replace("0", "o").replace("1", "l")
    assert plain_code(f"  {careless} ") == code == plain_code(code)


@given(st.binary(min_size=CODE_BYTES, max_size=CODE_BYTES), st.binary(min_size=CODE_BYTES, max_size=CODE_BYTES))
def test_other_bytes_give_another_code(one: bytes, other: bytes):
    assert (code_of(one) == code_of(other)) == (one == other)


@pytest.mark.parametrize("typed", ["", "7K3M-XQ2", "7K3M-XQ2TT", "7K3M-XQ2U", "7K3M-XQ2é", "ß" * 8])
def test_anything_else_is_no_code(typed: str):
    assert plain_code(typed) is None


def test_a_code_is_kept_as_a_salted_hash():
    one = code_hash("7K3M-XQ2T", b"a" * 16)
    assert one == code_hash("7K3M-XQ2T", b"a" * 16)
    assert one != code_hash("7K3M-XQ2T", b"b" * 16)
    assert "7K3M" not in one


@given(st.text(min_size=1, max_size=40), st.binary(min_size=12, max_size=12), st.binary(max_size=40))
def test_only_the_password_matches(password: str, salt: bytes, other: bytes):
    kept = hash_password(password, salt)
    assert matches(password.encode(), kept)
    assert matches(other, kept) == (other == password.encode())


def test_lines_of_other_users_stay():
    before = "printer:$7$1$a$b\n\ncam-1:old\ncam-2:$7$1$c$d\n"
    after = merged_passwords(before, {"cam-1": "new", "cam-2": None, "cam-3": "more"})
    assert after == "printer:$7$1$a$b\ncam-1:new\ncam-3:more\n"
    assert merged_passwords(after, {"cam-1": "new", "cam-2": None, "cam-3": "more"}) == after


RULE = RateRule(tries=3, every_s=8.0)


def test_three_tries_then_one_every_eight_seconds():
    bucket: Bucket | None = None
    allowed = []
    for second in range(41):
        bucket, may = try_now(bucket, RULE, float(second))
        if may:
            allowed.append(second)
    assert allowed == [0, 1, 2, 8, 16, 24, 32, 40]


@given(st.lists(st.floats(0, 100), max_size=60))
def test_never_more_tries_than_the_rule_says(gaps_s: list[float]):
    bucket, now_s, allowed = None, 0.0, 0
    for gap_s in gaps_s:
        now_s += gap_s
        bucket, may = try_now(bucket, RULE, now_s)
        allowed += may
    assert allowed <= 3 + now_s / 8 + 1e-9


def test_a_bucket_fills_up_again_and_a_clock_that_goes_back_gives_nothing():
    bucket, _ = try_now(None, RULE, 100.0)
    assert not is_full(bucket, RULE, 104.0)
    assert is_full(bucket, RULE, 108.0)
    assert try_now(bucket, RULE, 50.0)[0].left == 1.0
