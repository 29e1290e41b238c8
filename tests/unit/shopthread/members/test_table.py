"""Member records: read, normalized, or rejected with the line and the reason."""

from pathlib import Path

import pytest

from cloud.identity.statements import Rules, Validity
from contracts.pseudonym import pseudonymize
from shopthread.members.rehearsal import rehearse, statement_of
from shopthread.members.table import MemberRecord, Reading, TableError, read_table
from shopthread.rejected_rows import RejectedRow

READING = Reading(key=b"k" * 16, region="GB")


def read(tmp_path: Path, *lines: str, reading: Reading = READING) -> list[MemberRecord | RejectedRow]:
    path = tmp_path / "members.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return list(read_table(path, reading))


def test_a_phone_written_in_two_ways_is_one_identifier(tmp_path: Path):
    first, second = read(tmp_path, "record_id,phone", "1,020 7946 0000", "2,+44 (0)20 7946-0000")
    assert isinstance(first, MemberRecord)
    assert isinstance(second, MemberRecord)
    assert first.identifiers == second.identifiers == (pseudonymize("phone", "+442079460000", READING.key),)


def test_a_row_says_when_it_was_made_whether_there_is_consent_and_every_identifier(tmp_path: Path):
    header = "\ufeffrecord_id,since,member_number,card,visit_linking_consent"
    (record,) = read(tmp_path, header, "a-1,2026-03-01,M1,C1; C2,No")
    assert isinstance(record, MemberRecord)
    assert (record.since_ms, record.consent, record.line) == (1_772_323_200_000, False, 2)
    named = [("member_number", "M1"), ("card", "C1"), ("card", "C2")]
    assert record.identifiers == tuple(pseudonymize(space, value, READING.key) for space, value in named)  # type: ignore[arg-type]  # plain text
    (instant,) = read(tmp_path, "record_id,since,card", "1,2026-03-01T09:00:00+01:00,C1")
    assert isinstance(instant, MemberRecord)
    assert (instant.since_ms, instant.consent) == (1_772_352_000_000, None)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("1,,,", "names nobody"),
        (",C1,,", "record_id must be"),
        ("a b,C1,,", "got 'a b'"),
        ("1,C1,yesterday,", "since must be a day such as 2026-03-01 .*got 'yesterday'"),
        ("1,C1,2026-03-01,maybe", "visit_linking_consent must be yes, no or empty, got 'maybe'"),
        ("1,C1,,yes", "visit_linking_consent needs since"),
        ("1,C1", "more or fewer fields"),
        ("1,C1,,,,", "more or fewer fields"),
    ],
)
def test_a_bad_row_is_rejected_with_its_line_and_the_next_one_is_read(tmp_path: Path, row: str, reason: str):
    bad, good = read(tmp_path, "record_id,card,since,visit_linking_consent", row, "2,C2,,")
    assert isinstance(bad, RejectedRow)
    assert bad.line == 2
    with pytest.raises(ValueError, match=reason):
        raise ValueError(bad.reason)
    assert isinstance(good, MemberRecord)


@pytest.mark.parametrize("phone", ["abc", "07946", "+44 1"])
def test_a_phone_that_is_none_is_rejected(tmp_path: Path, phone: str):
    (bad,) = read(tmp_path, "record_id,phone", f"1,{phone}")
    assert isinstance(bad, RejectedRow)
    assert phone in bad.reason


def test_a_national_number_needs_a_region(tmp_path: Path):
    (bad,) = read(tmp_path, "record_id,phone", "1,020 7946 0000", reading=Reading(key=READING.key, region=None))
    assert isinstance(bad, RejectedRow)
    assert "--region" in bad.reason


def test_a_record_id_stands_once(tmp_path: Path):
    _, again = read(tmp_path, "record_id,card", "1,C1", "1,C2")
    assert isinstance(again, RejectedRow)
    assert "stands on line 2 already" in again.reason


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ("record_id,name", "unknown column 'name'"),
        ("card", "columns card"),
        ("record_id", "at least one"),
        ("", "none"),
    ],
)
def test_wrong_columns_are_refused_with_what_is_allowed(tmp_path: Path, header: str, words: str):
    with pytest.raises(TableError, match=words):
        read(tmp_path, header)


def test_what_is_no_text_is_refused(tmp_path: Path):
    path = tmp_path / "members.csv"
    path.write_bytes(b"record_id,card\n1,\xff\xfe\n")
    with pytest.raises(TableError, match="no CSV file in UTF-8"):
        list(read_table(path, READING))


def test_a_rehearsal_counts_profiles_joins_and_consents(tmp_path: Path):
    rows = read(
        tmp_path,
        "record_id,since,member_number,phone,unionid,visit_linking_consent",
        "1,2026-01-01,M1,+442079460000,U1,yes",
        "2,2026-01-02,M2,+442079460000,,no",
        "3,2026-01-03,M3,+442079460001,U3,",
        "4,2026-01-04,,+442079460001,U4,",
    )
    records = [row for row in rows if isinstance(row, MemberRecord)]
    result = rehearse(records, Rules())
    assert (result.records, result.persons) == (4, 3)
    assert result.joined_records == 4, "the fourth shares the third one's phone"
    assert result.identifiers == {"member_number": 3, "phone": 2, "unionid": 3}
    assert [refusal.namespace for refusal in result.refusals] == ["unionid"]
    assert (result.consents_granted, result.consents_refused, result.hubs) == (1, 1, 0)
    crowded = Rules(hub_neighbours=2)
    assert rehearse(records, crowded).hubs == 2


def test_a_row_says_when_each_identifier_was_the_members(tmp_path: Path):
    header = "record_id,phone,phone_from,phone_until,card,card_until"
    (record,) = read(tmp_path, header, "1,020 7946 0000;020 7946 0001,2024-01-01;,;2026-03-01,C1,")
    assert isinstance(record, MemberRecord)
    first, second = (pseudonymize("phone", f"+44207946000{n}", READING.key) for n in range(2))
    assert record.validity == {first: Validity(1_704_067_200_000, None), second: Validity(None, 1_772_323_200_000)}
    said = statement_of(record, "crm", 1)
    assert {each.pseudonym for each in said.validity} == {first.pseudonym, second.pseudonym}


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("1,C1;C2,2024-01-01,,,", "card_from must hold as many times as there are values"),
        ("1,C1,soon,,,", "card_from must be a day"),
        ("1,C1,2024-01-02,2024-01-02,,", "card_until must be after card_from"),
        ("1,C1;C1,2024-01-02;2025-01-02,,,", "names a card twice with different times"),
        ("1,C1,2024-01-02,,2023-01-01,yes", "visit_linking_consent needs an identifier that was the member's at since"),
    ],
)
def test_times_that_cannot_be_reject_the_row(tmp_path: Path, row: str, reason: str):
    (bad,) = read(tmp_path, "record_id,card,card_from,card_until,since,visit_linking_consent", row)
    assert isinstance(bad, RejectedRow)
    assert reason in bad.reason


def test_the_rehearsal_keeps_the_holders_of_a_number_apart(tmp_path: Path):
    rows = read(
        tmp_path,
        "record_id,member_number,phone,phone_from,phone_until",
        "1,M1,020 7946 0000,,2024-01-01",
        "2,M2,020 7946 0000,2024-09-01,",
    )
    records = [row for row in rows if isinstance(row, MemberRecord)]
    result = rehearse(records, Rules())
    assert (result.persons, result.joined_records, result.identifiers) == (2, 0, {"member_number": 2, "phone": 1})
