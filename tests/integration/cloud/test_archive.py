"""Years of visits as Parquet: the same cohorts as the database tells, and nothing of who was erased."""

import random
import sys
from collections import Counter
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs
from sqlalchemy import delete, func, select
from typer.testing import CliRunner

from cloud.analytics.archive import LABEL
from cloud.analytics.member_repository import Activity, count_cohorts
from cloud.analytics.metric import Grain
from cloud.analytics.periods import Period, periods_in
from cloud.app import create_app, make_eraser
from cloud.tables import visits
from contracts.pseudonym import MIN_KEY_BYTES, pseudonymize
from shopthread.cloud_commands import app as cli
from tests.integration.cloud.support import TENANT, Cloud, Shop, serving
from tests.integration.cloud.test_erasure import identifier

duckdb = pytest.importorskip("duckdb", reason="archives need the extra archive")
pytest.importorskip("pyarrow", reason="archives need the extra archive")

PEOPLE = [pseudonymize("card", str(number), bytes(MIN_KEY_BYTES)) for number in range(6)]
DAY_S = 86_400
QUARTERS = ["04-01", "07-01", "10-01", "01-01"]
ASKED = Period(date(2025, 6, 1).toordinal(), date(2026, 3, 1).toordinal())


def fill(cloud: Cloud) -> None:
    chance = random.Random(5)
    for first, store in ((1, "east"), (3, "west")):
        shop = Shop(store=store)
        touches = [shop.visit(first, 1, ("kiosk", 10, 60))]
        touches.append(shop.visit(first + 1, 1, ("kiosk", 20, 70), staff_score=0.9))
        for number in range(36):
            at_s, member = -DAY_S * chance.randrange(300), chance.choice(PEOPLE)
            touches.append(shop.sale(at_s, f"r{number}", 100, member) if number % 3 else shop.scan(at_s, member))
        touches.append(shop.sale(-DAY_S * 40, "both", 100, PEOPLE[0]))  # on one day in both shops
        cloud.take_in(*touches)


def run(cloud: Cloud | None, *options: str) -> tuple[int, str]:
    place = [] if cloud is None else ["--database-url", cloud.settings.resolved_database_url]
    result = CliRunner().invoke(cli, [*options, *place])
    return result.exit_code, result.output


def archive(cloud: Cloud, out: Path, tenant: str = TENANT) -> tuple[int, str]:
    code, said = run(cloud, "archive", "--out", str(out), "--tenant", tenant)
    return code, " ".join(said.split())


def asked_of(out: Path, *options: str) -> Counter[tuple[str, str]]:
    code, said = run(None, "cohorts", "--archive", str(out), *options)
    assert code == 0, said
    head, *lines = said.splitlines()
    assert head == "cohort,period,members"
    return Counter({(cohort, period): int(count) for cohort, period, count in (line.split(",") for line in lines)})


def rows_of(out: Path, kind: str) -> list[tuple[Any, ...]]:
    files = str(out / kind / "**" / "*.parquet")
    return duckdb.sql(f"SELECT * FROM read_parquet('{files}', hive_partitioning = true)").fetchall()  # type: ignore[no-any-return]


def from_database(cloud: Cloud, stores: Sequence[str] | None, grain: Grain, activity: Activity) -> Any:  # noqa: ANN401
    periods = periods_in(ASKED, grain)
    first = [date.fromordinal(period.first).isoformat() for period in periods]
    with cloud.database.read() as session:
        counts = count_cohorts(session, TENANT, stores, periods, activity)
    return {(first[cohort], first[period]): members for (cohort, period), members in counts.items()}


@pytest.mark.parametrize("grain", ["day", "week", "month"])
def test_cohorts_are_those_of_the_database(cloud: Cloud, tmp_path: Path, grain: Grain):
    fill(cloud)
    out = tmp_path / "years"
    code, said = archive(cloud, out)
    assert (code, "rows of acme in" in said) == (0, True), said
    days = ("--from", "2025-06-01", "--to", "2026-03-01", "--grain", grain, "--least-members", "1")
    activities: tuple[Activity, ...] = ("visit", "purchase")
    for activity in activities:
        found = asked_of(out, *days, "--activity", activity)
        assert found == from_database(cloud, None, grain, activity)
        assert len(found) > 8
        here = asked_of(out, *days, "--activity", activity, "--store", "west")
        theirs = from_database(cloud, ["west"], grain, activity)
        assert {key: count for key, count in here.items() if count} == theirs
    quarters = asked_of(out, *days[:4], "--grain", "quarter", "--least-members", "1")
    assert {cohort[5:] for cohort, _ in quarters} <= {"01-01", "04-01", "07-01", "10-01"}
    assert not asked_of(out, *days[:6], "--least-members", "7"), "cohorts of few are not told"


def test_who_was_erased_is_gone_with_the_next_run(cloud: Cloud, tmp_path: Path):
    fill(cloud)
    out = tmp_path / "years"
    archive(cloud, out)
    before = {row[1] for row in rows_of(out, "members")}
    assert len(before) == len(PEOPLE)
    for person in PEOPLE[:3]:
        make_eraser(cloud.settings, cloud.database, cloud.clock, cloud.token).erase(TENANT, identifier(person))
    archive(cloud, out)
    after = {row[1] for row in rows_of(out, "members")}
    assert (after < before, len(after)) == (True, 3)
    gone = before - after
    assert not any(one_id.encode() in path.read_bytes() for one_id in gone for path in out.rglob("*") if path.is_file())
    for person in PEOPLE[3:]:
        make_eraser(cloud.settings, cloud.database, cloud.clock, cloud.token).erase(TENANT, identifier(person))
    assert "0 months" not in archive(cloud, out)[1]
    assert not asked_of(out, "--from", "2025-06-01", "--to", "2026-03-01")


def test_visits_name_nobody_and_leave_out_what_does_not_count(cloud: Cloud, tmp_path: Path):
    fill(cloud)
    archive(cloud, tmp_path / "years")
    visited = rows_of(tmp_path / "years", "visits")
    with cloud.database.read() as session:
        assert len(visited) == session.number(select(func.count()).select_from(visits)) > 0
    assert sorted({row[4] for row in visited}) == [False, True]
    assert {row[-1] for row in visited} == {"east", "west"}
    with cloud.database.write() as session:
        session.execute(delete(visits).where(visits.c.store == "west"))
    archive(cloud, tmp_path / "years")
    assert {row[-1] for row in rows_of(tmp_path / "years", "visits")} == {"east"}


def test_a_folder_of_something_else_is_left_alone(cloud: Cloud, tmp_path: Path):
    (tmp_path / "letters.txt").write_text("dear", encoding="utf-8")
    code, said = archive(cloud, tmp_path)
    assert (code, "no archive" in said) == (1, True)
    assert archive(cloud, tmp_path / "years")[0] == 0
    code, said = archive(cloud, tmp_path / "years", "other")
    assert (code, "of acme, not of other" in said) == (1, True)
    days = ("--from", "2025-06-01", "--to", "2026-03-01")
    code, said = run(None, "cohorts", "--archive", str(tmp_path), *days)
    assert (code, LABEL in said) == (1, True)
    (tmp_path / "years" / LABEL).write_text('{"tenant": "acme", "written_ms": 1}', encoding="utf-8")
    code, said = run(None, "cohorts", "--archive", str(tmp_path / "years"), *days)
    assert (code, "has layout 1, not 2" in " ".join(said.split())) == (1, True), said
    assert archive(cloud, tmp_path / "years")[0] == 0
    assert run(None, "cohorts", "--archive", str(tmp_path / "years"), *days)[0] == 0


def test_the_service_tells_cohorts_of_years_from_the_archive(
    cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    fill(cloud)
    days = {"from": "2025-06-01", "to": "2026-03-01"}
    settings = structs.replace(cloud.settings, archive_dir=str(tmp_path), analytics_least_members=1)
    key = {"Authorization": f"Bearer {cloud.keys.create(TENANT, ('read',)).secret}"}
    with serving(create_app(settings, cloud.clock, cloud.token, runs_projections=False)) as http:

        def ask(**query: str) -> Any:  # noqa: ANN401 - JSON of any shape
            return http.get("/v1/cohorts", params={**days, "source": "archive", **query}, headers=key)

        assert (ask().status_code, ask().json()["title"]) == (503, "No archive")
        archive(cloud, tmp_path / TENANT)
        for query in (
            {"grain": "month"},
            {"grain": "week", "store": "west"},
            {"grain": "month", "activity": "purchase"},
        ):
            told, now = ask(**query).json(), ask(**query, source="now").json()
            assert told["cohorts"] == now["cohorts"]
            assert (told["as_of"] is None, now["as_of"]) == (False, None)
        assert [cohort["start"][5:] for cohort in ask(grain="quarter").json()["cohorts"]] == QUARTERS
        assert ask(grain="day").status_code == 422
        assert "source=archive" in ask(grain="year", source="now").text
        assert "source=archive" in ask(grain="day", source="now").text
        with monkeypatch.context() as without:
            without.setitem(sys.modules, "duckdb", None)
            assert (ask().status_code, "shopthread[archive]" in ask().text) == (501, True)
        (tmp_path / TENANT / LABEL).write_text('{"tenant": "other", "written_ms": 1, "layout": 2}', encoding="utf-8")
        assert ask().status_code == 503
    with serving(create_app(cloud.settings, cloud.clock, cloud.token, runs_projections=False)) as http:
        refused = http.get("/v1/cohorts", params={**days, "source": "archive"}, headers=key)
        assert (refused.status_code, "ARCHIVE_DIR" in refused.text) == (422, True)
