"""The scan terminal: items, members, both, and bad lines; a member's number never leaves."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.events import Source, encode_event
from contracts.payloads import CodeScanned, StaffShown
from contracts.pseudonym import pseudonymize
from edge.core.scanning import ScanRules, ScanState, scan_line, scan_rules
from edge.errors import BadInputError, ConfigurationError

SOURCE, KEY = Source("acme", "store-1", "kiosk"), b"k" * 32
RULES = scan_rules(SOURCE, KEY, {"MEMBER:": "member_number"}, 30.0, "kiosk-zone")
EAN = b"4006381333931"
MEMBER = pseudonymize("member_number", "M7", KEY)


def _scan(state: ScanState, line: bytes, now_ms: int) -> tuple[ScanState, CodeScanned]:
    state, draft = scan_line(state, line, now_ms, RULES)
    assert draft is not None
    assert isinstance(draft.data, CodeScanned)
    return state, draft.data


def test_an_item():
    _, scan = _scan(ScanState(), EAN, 1000)
    assert (scan.result, scan.gtin, scan.member, scan.zone_id) == ("item", "04006381333931", None, "kiosk-zone")


def test_a_member_counts_for_the_items_of_the_next_seconds():
    state, shown = _scan(ScanState(), b"MEMBER:M7", 1000)
    assert (shown.result, shown.member, shown.code) == ("member", MEMBER, "")
    state, item = _scan(state, EAN, 30_999)
    assert item.member == MEMBER
    _, item = _scan(state, EAN, 31_000)
    assert item.member is None


def test_a_json_line_brings_its_own_time_and_member():
    line = b'{"t_ms": 5, "code": "4006381333931", "member": {"namespace": "member_number", "value": "M7"}}'
    _, draft = scan_line(ScanState(), line, 1000, RULES)
    assert draft is not None
    assert isinstance(draft.data, CodeScanned)
    assert (draft.time_ms, draft.data.member) == (5, MEMBER)


@pytest.mark.parametrize("line", [b'{"x":' + b"[" * 2000, b'{"t_ms":253402300800000,"code":"1"}'])
def test_a_hostile_json_line_is_refused_as_any_other(line: bytes):
    with pytest.raises(BadInputError):
        scan_line(ScanState(), line, 1000, RULES)


def test_an_unreadable_code_is_reported_as_such():
    assert _scan(ScanState(), b"HELLO", 0)[1].result == "unreadable"


STAFF_RULES = scan_rules(SOURCE, KEY, {"MEMBER:": "member_number"}, 30.0, "kiosk-zone", staff_prefixes=("ST-",))


@pytest.mark.parametrize("line", [b"ST-0815", b'{"t_ms": 1000, "staff": true}'])
def test_of_a_staff_card_nothing_is_told_but_that_one_was_shown(line: bytes):
    state, _ = scan_line(ScanState(), b"MEMBER:M7", 900, STAFF_RULES)
    state, draft = scan_line(state, line, 1000, STAFF_RULES)
    assert draft is not None
    assert (draft.data, draft.time_ms) == (StaffShown(zone_id="kiosk-zone"), 1000)
    assert b"0815" not in encode_event(draft.numbered(SOURCE, 1))
    _, item = scan_line(state, EAN, 1001, STAFF_RULES)
    assert item is not None
    assert isinstance(item.data, CodeScanned)
    assert item.data.member is None  # The member who was there before has gone.


def test_a_staff_cards_event_does_not_follow_from_its_number():
    ids = [scan_line(ScanState(), card, 1000, STAFF_RULES)[1] for card in (b"ST-1", b"ST-2")]
    assert ids[0] == ids[1]


@pytest.mark.parametrize("prefix", ["", "MEMBER:"])
def test_a_prefix_cannot_be_that_of_staff_and_of_members(prefix: str):
    with pytest.raises(ConfigurationError, match=r"terminal\.staff_prefixes"):
        scan_rules(SOURCE, KEY, {"MEMBER:": "member_number"}, 1.0, None, staff_prefixes=(prefix,))


def test_empty_lines_are_passed_over():
    assert scan_line(ScanState(), b" \r", 0, RULES) == (ScanState(), None)


def test_two_scans_of_one_millisecond_are_two_events():
    state, first = _scan(ScanState(), EAN, 1000)
    _, second = _scan(state, EAN, 1000)
    assert first.scan_id != second.scan_id


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b"\xff\xfe", "UTF-8"),
        (b"x" * 3000, "2048 characters"),
        (b"{", "expected a scan"),
        (b'{"t_ms": 1}', "a code, a member or both"),
        (b'{"member": {"namespace": "face", "value": "x"}}', "namespace"),
        (b'{"member": {"namespace": "card", "value": " "}}', "cannot be empty"),
    ],
)
def test_bad_lines_say_what_is_wrong(line: bytes, words: str):
    with pytest.raises(BadInputError, match=words):
        scan_line(ScanState(), line, 0, RULES)


@given(st.text(alphabet="0123456789", min_size=4, max_size=16))
def test_a_members_number_never_leaves(number: str):
    state = ScanState()
    for line in (f"MEMBER:{number}", f'{{"member": {{"namespace": "member_number", "value": "{number}"}}}}'):
        state, draft = scan_line(state, line.encode(), 1, RULES)
        assert draft is not None
        assert f"MEMBER:{number}".encode() not in encode_event(draft.numbered(SOURCE, 1))
        assert isinstance(draft.data, CodeScanned)
        assert draft.data.code == ""


@pytest.mark.parametrize("prefixes", [{"M:": "face"}, {"": "card"}])
def test_senseless_prefixes_are_refused(prefixes: dict[str, str]):
    with pytest.raises(ConfigurationError, match=r"terminal\.member_prefixes"):
        scan_rules(SOURCE, KEY, prefixes, 1.0, None)


def test_rules_keep_what_they_were_given():
    expected = ScanRules(
        source=SOURCE,
        pseudonym_key=KEY,
        member_prefixes=(("MEMBER:", "member_number"),),
        member_hold_ms=30_000,
        zone_id="kiosk-zone",
    )
    assert expected == RULES
