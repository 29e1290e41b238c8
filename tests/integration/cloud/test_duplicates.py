"""Proposals of duplicates: found, accepted, declined and undone by people; never of who is erased or refuses."""

import csv
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from sqlalchemy import select
from typer.testing import CliRunner

from cloud.app import create_app, make_eraser
from cloud.config import Settings
from cloud.context import Context
from cloud.duplicates.matching import Evidence
from cloud.duplicates.service import Candidate, find_candidates, propose
from cloud.duplicates.tables import duplicate_decisions, duplicate_proposals
from cloud.identity.ownership import owners_of
from cloud.identity.statements import Identifier
from cloud.profiles.records import record_attributes
from cloud.profiles.schemas import AttributeStatement
from cloud.profiles.tables import profile_attributes
from contracts.timestamps import format_time
from shopthread.cli import app
from tests.integration.cloud.support import KEY, MEMBERS, T0, TENANT, Cloud, consent, serving

NAMED = [Identifier(each.namespace, each.pseudonym) for each in MEMBERS]
BY = {"by": "Ana Ruiz", "reason": "she told us"}
ROWS = """record_id,since,member_number,phone,given_name,family_name,birthday,email,postcode
1,2026-01-01,M1,+442079460000,Ana,Ruiz,1980-02-03,ana.ruiz@mail.example,10115
2,2026-01-02,M2,+442079460011,Anna,Ruiz,1980-02-03,ana.ruiz@mail.example,10115
3,2026-01-03,M3,+442079461234,Bob,Brown,1971-11-30,bob@mail.example,20095
4,2026-01-04,M4,,Carla,Fern,someday,,
"""


def code(cloud: Cloud, *members: int) -> None:
    """Give members some match code, as an import does."""
    context = Context(cloud.settings, cloud.database, cloud.clock, cloud.keys, cloud.linker)
    said = [
        AttributeStatement(
            namespace=MEMBERS[member].namespace,
            pseudonym=MEMBERS[member].pseudonym,
            name="match_family_name",
            value="aaaaaaaa bbbbbbbb",
            source="crm",
            at=format_time(T0),
        )
        for member in members
    ]
    record_attributes(context, TENANT, said)


def owner(cloud: Cloud, member: int) -> str:
    with cloud.database.read() as session:
        return owners_of(session, TENANT, [NAMED[member]]).at(NAMED[member], cloud.now_ms)


def offer(cloud: Cloud, *pairs: tuple[int, int], limit: int = 10) -> int:
    """Propose pairs of members, the first the most probable."""
    found = []
    for number, (one, other) in enumerate(pairs):
        left, right = sorted((one, other), key=lambda member: NAMED[member])
        found.append(
            Candidate(
                left=NAMED[left],
                right=NAMED[right],
                left_one_id=owner(cloud, left),
                right_one_id=owner(cloud, right),
                probability=0.99 - number / 100,
                prior_weight=-12.5,
                evidence=(Evidence(trait="family_name", level="slip", weight=6.5),),
            )
        )
    return propose(cloud.database, TENANT, found, limit, cloud.now_ms)


class Desk:
    """Somebody with a key of scope members."""

    def __init__(self, http: httpx.Client, cloud: Cloud) -> None:
        self.http, self.cloud = http, cloud
        self.headers = {"Authorization": f"Bearer {cloud.keys.create(TENANT, ['members']).secret}"}

    def listed(self, state: str = "open") -> list[dict[str, object]]:
        answer = self.http.get("/v1/duplicates", params={"state": state}, headers=self.headers)
        assert answer.status_code == 200, answer.text
        found: list[dict[str, object]] = answer.json()["items"]
        return found

    def decide(self, what: str, proposal: object, headers: dict[str, str] | None = None) -> httpx.Response:
        return self.http.post(f"/v1/duplicates/{proposal}/{what}", json=BY, headers=headers or self.headers)


@pytest.fixture
def desk(cloud: Cloud, settings: Settings) -> Iterator[Desk]:
    with serving(create_app(settings, cloud.clock, cloud.token, runs_projections=False)) as http:
        yield Desk(http, cloud)


def test_what_is_accepted_is_one_and_undone_exactly(desk: Desk):
    cloud = desk.cloud
    code(cloud, 0, 1)
    assert offer(cloud, (0, 1)) == 1
    (proposal,) = desk.listed()
    assert (proposal["probability"], proposal["prior_weight"], proposal["decisions"]) == (0.99, -12.5, [])
    assert proposal["evidence"] == [{"trait": "family_name", "level": "slip", "weight": 6.5, "frequency_weight": 0.0}]
    cloud.projector.catch_up()
    before = {name: rows for name, rows in cloud.state().items() if "ledger" not in name}
    accepted = desk.decide("accept", proposal["id"]).json()
    assert (len(accepted["moves"]), owner(cloud, 0) == owner(cloud, 1)) == (1, True)
    assert desk.decide("accept", proposal["id"]).status_code == 409
    shown = desk.http.get(f"/v1/profiles/{owner(cloud, 0)}", headers=desk.headers).json()["identity"]["joins"]
    assert [(each["source"], each["statement_id"]) for each in shown] == [
        ("person:Ana Ruiz", accepted["proposal"]["statement_id"])
    ]
    undone = desk.decide("undo", proposal["id"]).json()
    assert (len(undone["moves"]), owner(cloud, 0) == owner(cloud, 1)) == (1, False)
    (told,) = desk.listed("undone")
    assert [(each["decision"], each["by"], each["reason"]) for each in told["decisions"]] == [  # type: ignore[attr-defined]  # JSON
        ("accepted", "Ana Ruiz", "she told us"),
        ("undone", "Ana Ruiz", "she told us"),
    ]
    cloud.projector.catch_up()
    after = cloud.state()
    kept = {"duplicate_proposals", "duplicate_decisions", "identity_statements", "identity_mentions"}
    assert {name: after[name] for name in before if name not in kept} == {
        name: rows for name, rows in before.items() if name not in kept
    }
    assert (offer(cloud, (0, 1)), desk.decide("undo", proposal["id"]).status_code) == (0, 409)


def test_who_is_declined_is_not_proposed_again_under_whatever_name(desk: Desk):
    cloud = desk.cloud
    code(cloud, 0, 1, 2)
    assert offer(cloud, (0, 1), (1, 2), (0, 2), limit=2) == 2
    first, second = desk.listed()
    assert desk.decide("decline", first["id"]).status_code == 200
    assert desk.decide("accept", second["id"]).status_code == 200
    assert offer(cloud, (0, 1), (1, 2), (0, 2)) == 0, "2 is 1 by now, and 1 is not 0"
    taken_back = f"/v1/identity/statements/duplicate:{second['id']}"
    assert desk.http.delete(taken_back, headers=desk.headers).status_code == 200
    assert offer(cloud, (0, 1), (1, 2), (0, 2)) == 1
    assert desk.decide("undo", second["id"]).json()["moves"] == []


def test_who_became_one_or_refuses_is_not_shown(desk: Desk):
    cloud = desk.cloud
    code(cloud, 0, 1, 2, 3)
    assert offer(cloud, (0, 1), (2, 3)) == 2
    first, second = desk.listed()
    consent(cloud, 2, granted=False)
    cloud.take_in()
    cloud.projector.catch_up()
    statement = {
        "id": "crm:1",
        "source": "crm",
        "at": format_time(T0),
        "identifiers": [{"namespace": each.namespace, "pseudonym": each.pseudonym} for each in NAMED[:2]],
    }
    assert desk.http.post("/v1/identity/statements", json={"statements": [statement]}, headers=desk.headers).is_success
    assert desk.listed() == []
    refused = desk.decide("accept", second["id"])
    assert (refused.status_code, "consent" in refused.json()["detail"]) == (409, True)
    assert offer(cloud, (2, 3)) == 0
    assert desk.decide("accept", first["id"]).status_code == 404, "a new search has replaced it"


def test_an_erased_member_leaves_no_proposal_and_cannot_come_back_into_one(desk: Desk):
    cloud = desk.cloud
    code(cloud, 0, 1, 2)
    offer(cloud, (0, 1), (1, 2))
    first, _ = desk.listed()
    desk.decide("decline", first["id"])
    make_eraser(cloud.settings, cloud.database, cloud.clock, cloud.token).erase(TENANT, NAMED[0])
    with cloud.database.read() as session:
        left = session.rows(select(duplicate_proposals))
        assert len(left) == 1
        assert NAMED[0].pseudonym not in repr(left)
        assert session.rows(select(duplicate_decisions)) == []
    assert offer(cloud, (0, 1), (1, 2)) == 1, "found before the erasure, written after it"


def test_a_join_that_a_rule_forbids_changes_nothing(desk: Desk):
    cloud = desk.cloud
    code(cloud, 0, 1)
    offer(cloud, (0, 1))
    (proposal,) = desk.listed()
    block = {"identifier": {"namespace": NAMED[0].namespace, "pseudonym": NAMED[0].pseudonym}, "reason": "a test card"}
    assert desk.http.put("/v1/identity/blocks", json=block, headers=desk.headers).is_success
    answer = desk.decide("accept", proposal["id"])
    assert (answer.status_code, "declared to name nobody" in answer.json()["detail"]) == (409, True)
    assert desk.listed() == [proposal]


def test_only_who_may_see_members_may_ask_and_only_of_its_own_tenant(desk: Desk):
    code(desk.cloud, 0, 1)
    offer(desk.cloud, (0, 1))
    (proposal,) = desk.listed()
    for tenant, scopes, status in ((TENANT, ["read", "admin"], 403), ("other", ["members"], 404)):
        headers = {"Authorization": f"Bearer {desk.cloud.keys.create(tenant, scopes).secret}"}
        assert desk.decide("accept", proposal["id"], headers).status_code == status
    other = {"Authorization": f"Bearer {desk.cloud.keys.create('other', ['members']).secret}"}
    assert desk.http.get("/v1/duplicates", headers=other).json() == {"total": 0, "items": []}


def test_an_imported_member_base_is_searched(desk: Desk, tmp_path: Path):
    pytest.importorskip("splink", reason="finding duplicates needs the extra dedupe")
    cloud = desk.cloud
    files = {"members.csv": ROWS, "key": KEY.decode(), "api": desk.headers["Authorization"].removeprefix("Bearer ")}
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    options = [
        "--key-file",
        str(tmp_path / "key"),
        "--api-key-file",
        str(tmp_path / "api"),
        "--url",
        str(desk.http.base_url),
    ]
    sent = CliRunner().invoke(app, ["members", "import", str(tmp_path / "members.csv"), *options, "--apply"])
    assert "birthday 'someday' cannot be read" in " ".join(sent.output.split())
    with cloud.database.read() as session:
        held = session.rows(select(profile_attributes.c.name, profile_attributes.c.value))
    assert len(held) == 18
    assert not {"ruiz", "10115", "ana.ruiz@mail.example"} & {each.value.lower() for each in held}
    place = ["--tenant", TENANT, "--database-url", cloud.settings.resolved_database_url]
    for kind in ("csv", "parquet"):
        looked = CliRunner().invoke(
            app, ["cloud", "duplicates", "find", *place, "--out", str(tmp_path / f"pairs.{kind}")]
        )
        assert (looked.exit_code, "1 pairs of acme in" in looked.output) == (0, True), looked.output
    with (tmp_path / "pairs.csv").open(encoding="utf-8") as file:
        (row,) = list(csv.DictReader(file))
    assert (row["given_name"], row["birthday"], row["phone"]) == ("slip", "equal", "different")
    assert desk.listed() == []
    done = CliRunner().invoke(app, ["cloud", "duplicates", "find", *place])
    assert "1 pairs of acme are proposed, of 1 found; none is joined" in done.output, done.output
    (proposal,) = desk.listed()
    sides = {proposal[side]["one_id"] for side in ("left", "right")}  # type: ignore[index]  # JSON
    assert {row["left"], row["right"]} == sides
    (some, *_) = sides
    profile = desk.http.get(f"/v1/profiles/{some}", headers=desk.headers)
    assert profile.json().get("attributes", []) == [], "match codes are shown to nobody"
    bad = CliRunner().invoke(app, ["cloud", "duplicates", "find", *place, "--out", "pairs.txt"])
    assert (bad.exit_code, "must end in .csv or .parquet" in bad.output) == (1, True)


def test_who_refuses_is_not_compared(cloud: Cloud):
    pytest.importorskip("splink", reason="finding duplicates needs the extra dedupe")
    code(cloud, 0, 1)
    consent(cloud, 0, granted=False)
    cloud.projector.catch_up()
    assert find_candidates(cloud.database, TENANT, 0.0) == []


def test_without_the_extra_the_command_says_how_to_get_it(cloud: Cloud, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "splink", None)
    place = ["--tenant", TENANT, "--database-url", cloud.settings.resolved_database_url]
    result = CliRunner().invoke(app, ["cloud", "duplicates", "find", *place])
    assert (result.exit_code, "pip install 'shopthread[dedupe]'" in " ".join(result.output.split())) == (1, True)
