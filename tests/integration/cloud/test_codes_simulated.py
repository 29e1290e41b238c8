"""A simulated shop's scans, through the event log, against the truth: what is told of first scans, repeats and copies.

`pytest -s` prints the figures that docs/item-codes.md states.
"""

from collections.abc import Iterable

import pytest
from msgspec import UNSET
from msgspec.structs import replace
from sqlalchemy import select

from cloud.codes.links import parse_link
from cloud.codes.registry import IssuedItem
from cloud.codes.tables import code_states, code_verdicts
from contracts.payloads import CodeScanned
from contracts.pseudonym import pseudonymize
from simulators.core.lines import ScanLine
from simulators.core.scoring.codes import CodeScore, score_code_scans
from simulators.core.scoring.measured import MeasuredCodeScan
from tests.integration.cloud.support import KEY, Cloud, NewCloud, Shop
from tests.integration.cloud.test_codes import issue
from tests.unit.simulators.trial import Trial, trial

RESOLVED = {"first": True, "again": False, "repeat": False, "impossible_travel": False}


def _issued(run: Trial) -> list[IssuedItem]:
    """Return what the maker knows: every genuine code, and which cap lies in which pack."""
    packs = {sold.inner_code: sold.code for sold in run.truth.sold_items if sold.inner_code is not None}
    codes = {scan.code: scan.inner for scan in run.truth.code_scans}
    codes |= dict.fromkeys(packs.values(), False) | dict.fromkeys(packs, True)
    items = []
    for code, is_inner in sorted(codes.items(), key=lambda pair: pair[1]):
        link = parse_link(code)
        pack = parse_link(packs[code]).serial if code in packs else None
        items.append(
            IssuedItem(
                gtin=link.gtin, serial=link.serial or "", kind="inner" if is_inner else "outer", outer_serial=pack
            )
        )
    return items


def _events(lines: Iterable[tuple[str, ScanLine]], shop: Shop) -> list[bytes]:
    events = []
    for proof, line in lines:
        if not line.code.startswith("http"):
            continue
        link = parse_link(line.code)
        shown = None if line.member is UNSET else pseudonymize(line.member.namespace, line.member.value, KEY)
        data = CodeScanned(
            scan_id="s",
            code=line.code,
            gtin=link.gtin,
            serial=link.serial,
            member=shown,
            result="item",
            in_store_proof=proof,  # type: ignore[arg-type]  # a test's plain text
        )
        events.append(shop.event("term-1", data, line.t_ms))
    return events


def _told(cloud: Cloud) -> dict[tuple[str, str, int], tuple[str, bool]]:
    """Return, by GTIN, serial and time, the verdict and whether the code is held to be on several items."""
    same = (code_states.c.gtin == code_verdicts.c.gtin) & (code_states.c.serial == code_verdicts.c.serial)
    statement = select(code_verdicts, code_states.c.is_cloned).join(code_states, same)
    with cloud.database.read() as session:
        return {(r.gtin, r.serial, r.time_ms): (r.verdict, r.is_cloned) for r in session.rows(statement)}


def _measured(cloud: Cloud, run: Trial) -> list[MeasuredCodeScan]:
    told, measured = _told(cloud), []
    for scan in run.truth.code_scans:
        link, t_ms = parse_link(scan.code), scan.t_ms if scan.told_ms is None else scan.told_ms
        verdict, is_cloned = told[link.gtin, link.serial or "", t_ms]
        suspicious = is_cloned or verdict in {"repeat", "unknown_code"}
        measured.append(
            MeasuredCodeScan(
                code=scan.code, t_ms=t_ms, first=RESOLVED.get(verdict), genuine=False if suspicious else None
            )
        )
    return measured


@pytest.fixture
def scored(new_cloud: NewCloud) -> tuple[CodeScore, CodeScore]:
    """Return the score of codes under caps alone, and of all codes."""
    run, cloud, shop = trial(), new_cloud(), Shop()
    issue(cloud, *_issued(run))
    in_store, at_home = (("terminal", line) for line in run.scans), (("none", line) for line in run.home_scans)
    cloud.take_in(*_events([*in_store, *at_home], shop))
    measured = _measured(cloud, run)
    inner = replace(run.truth, code_scans=tuple(scan for scan in run.truth.code_scans if scan.inner))
    codes = {scan.code for scan in inner.code_scans}
    return score_code_scans([each for each in measured if each.code in codes], inner), score_code_scans(
        measured, run.truth
    )


def test_first_scans_and_repeats_of_inner_codes_are_all_found_and_copies_partly(
    scored: tuple[CodeScore, CodeScore],
):
    inner, whole = scored
    for name, score in (("codes under caps", inner), ("all codes", whole)):
        for each in score.flags:
            found = (each.flag, each.true, each.flagged, each.precision.value, each.recall.value)
            print(name, *found)  # noqa: T201 - the figures that the docs state
    first, repeat, counterfeit = inner.flags
    assert inner.scans > 20
    assert (first.precision.value, first.recall.value) == (1.0, 1.0)
    assert (repeat.precision.value, repeat.recall.value) == (1.0, 1.0)
    assert counterfeit.true > 0
    assert (counterfeit.precision.value or 0) > counterfeit.true / inner.scans
