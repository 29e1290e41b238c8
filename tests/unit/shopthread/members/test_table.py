"""Member records: read, normalized, or rejected with the line and the reason."""

from collections import Counter
from pathlib import Path
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloud.identity import bulk
from cloud.identity.holdings import Holdings
from cloud.identity.resolve import resolve
from cloud.identity.statements import Rules, Validity, neighbours_of
from contracts.pseudonym import MemberPseudonym, pseudonymize
from shopthread.members.rehearsal import Rehearsal, rehearse, statement_of
from shopthread.members.table import MemberRecord, Reading, TableError, read_table
from shopthread.rejected_rows import RejectedRow
from shopthread.rejections import Rejections

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
    assert result.refusals == 1, "the third and the fourth have each a unionid of their own"
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


NAMED = st.builds(
    lambda namespace, number: pseudonymize(namespace, str(number), READING.key),
    st.sampled_from(["member_number", "phone", "card"]),
    st.integers(0, 4),
)
SAID = st.one_of(st.none(), st.integers(1, 20).map(lambda until_ms: Validity(None, until_ms)))


@st.composite
def member_bases(draw: st.DrawFn) -> list[MemberRecord]:
    """Return records that share identifiers, some of which go from hand to hand."""
    records = []
    for number in range(draw(st.integers(0, 8))):
        named: list[MemberPseudonym] = draw(st.lists(NAMED, min_size=1, max_size=4, unique=True))
        said = [(each, draw(SAID)) for each in named]
        records.append(
            MemberRecord(
                line=number,
                record_id=f"{number}",
                since_ms=draw(st.integers(0, 20)),
                identifiers=tuple(named),
                consent=draw(st.sampled_from([None, True, False])),
                validity={each: when for each, when in said if when is not None},
            )
        )
    return records


def at_once(records: list[MemberRecord], rules: Rules) -> Rehearsal:
    """Return what `rehearse` should tell, by looking at all records together."""
    statements = [statement_of(record, "import", 0) for record in records]
    hubs = {each for each, others in neighbours_of(statements).items() if len(others) > rules.hub_neighbours}
    resolution = resolve(statements, rules, hubs=hubs)
    held = Holdings(statements, rules.quarantine_ms, hubs)
    person_of = {holding: cluster.anchor for cluster in resolution.clusters for holding in cluster.holdings}
    persons = [{person_of.get(held.said(each, named)) for named in each.identifiers} - {None} for each in statements]
    records_of = Counter(anchor for of_record in persons for anchor in of_record)
    return Rehearsal(
        records=len(records),
        identifiers=dict(Counter(each.namespace for each in {holding.identifier for holding in person_of})),
        persons=len(resolution.clusters),
        joined_records=sum(any(records_of[anchor] > 1 for anchor in of_record) for of_record in persons),
        refusals=len(resolution.refusals),
        hubs=len(hubs),
        consents_granted=sum(record.consent is True for record in records),
        consents_refused=sum(record.consent is False for record in records),
    )


@settings(max_examples=60)
@given(records=member_bases(), hub_neighbours=st.integers(1, 6), part=st.integers(1, 5))
def test_part_by_part_the_rehearsal_tells_what_all_at_once_would(
    records: list[MemberRecord], hub_neighbours: int, part: int
):
    rules = Rules(hub_neighbours=hub_neighbours, quarantine_ms={"phone": 5})
    with patch.object(bulk, "PART", part):
        assert rehearse(iter(records), rules) == at_once(records, rules)


def test_rejected_rows_are_written_as_they_come_and_the_first_are_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    rows = read(tmp_path, "record_id,card", *(f"{number}," for number in range(7)), "7,C7", "7,C8")
    file = tmp_path / "rejected.csv"
    with Rejections(file) as bad:
        taken = list(bad.without(rows))
        bad.tell()
    assert ([each.record_id for each in taken], bad.count) == (["7"], 8)
    lines = file.read_text(encoding="utf-8").splitlines()
    assert (len(lines), lines[0]) == (9, "line,reason,record_id,card")
    assert "stands on line 9 already" in lines[-1]
    told = " ".join("".join(capsys.readouterr()).split())
    assert ("line 2:" in told, "and 3 more" in told, "8 rejected rows are in" in told) == (True, True, True)
    lines[1] = lines[1].replace("0,", "0,C0", 1)
    mended = read(tmp_path, lines[0], *lines[1:])
    assert isinstance(mended[0], MemberRecord)
    with Rejections(file) as bad:
        assert list(bad.without(mended)) == [mended[0], mended[-1]]
    assert file.read_text(encoding="utf-8").splitlines()[0] == lines[0]
    with Rejections(tmp_path / "none.csv") as none:
        assert list(none.without(taken)) == taken
        none.tell()
    assert (tmp_path / "none.csv").read_text(encoding="utf-8") == "line,reason\n"
