"""Links by probability: who stood at the terminal, the line behind, companions, strangers, wrong clocks."""

import random

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from cloud.linking.decide import Decision, Gate, Scene, Touch, Visit, VisitStay
from cloud.linking.probabilistic import LinkRules, ProbabilisticLinker
from cloud.linking.terminals import Terminal

SPOT = (3.0, 4.0)
GATE = Gate(tolerance_ms=2000, clock_error_ms=30_000)
LINKER = ProbabilisticLinker(GATE)
KNOWN = Terminal(place_m=SPOT, spread_m=0.15, sigma_ms=250.0, touches=50)


def stands(visit_id: str, at_m: tuple[float, float], from_s: int, to_s: int, **more: object) -> Visit:
    """Return a visit that stands at a place in the terminal's zone."""
    zone = VisitStay(zone_id="till", entered_ms=from_s * 1000, left_ms=to_s * 1000)
    values: dict[str, object] = {
        "visit_id": visit_id,
        "status": "closed",
        "stays": (zone,),
        "opened_ms": from_s * 1000 - 5000,
        "updated_ms": to_s * 1000 + 5000,
        "path": ((from_s * 1000, *at_m), (to_s * 1000, at_m[0], at_m[1] + 3)),
    }
    return Visit(**{**values, **more})  # type: ignore[arg-type]


def touch(touch_id: str, t_s: float, member: str = "ada") -> Touch:
    return Touch(touch_id=touch_id, time_ms=round(t_s * 1000), zone_id="till", one_id=member, device="till-1")


def decide(touches: list[Touch], visits: list[Visit], terminal: Terminal = KNOWN) -> dict[str, Decision]:
    scene = Scene(
        touches=touches,
        visits=visits,
        consents={"ada", "bob", "cy"},
        terminals={each.touch_id: terminal for each in touches},
    )
    linking = LINKER.link(scene)
    for touch_id, decision in linking.decisions.items():
        assert {each.visit_id for each in decision.hypotheses} == LINKER.fits(scene).get(touch_id, frozenset())
    return linking.decisions


def test_who_stands_at_the_terminal_made_the_touch():
    found = decide([touch("t", 20)], [stands("a", (3.1, 4.0), 10, 40), stands("b", (3.0, 2.6), 10, 40)])["t"]
    assert (found.decision, found.visit_id, found.stage) == ("linked", "a", "final")
    best = max(found.hypotheses, key=lambda each: each.posterior or 0)
    assert best.posterior is not None
    assert best.posterior > 0.99
    assert best.features.away_m == 0.1
    assert set(best.features.log_ratios) == {"place", "standing"}


def test_a_terminal_whose_clock_was_measured_links_right_from_its_first_touch():
    visits = [stands("before", SPOT, 70, 95), stands("maker", SPOT, 98, 112), stands("after", SPOT, 116, 140)]
    ahead = touch("t", 121)
    unknown = decide([ahead], visits, Terminal())["t"]
    assert (unknown.decision, unknown.visit_id) != ("linked", "maker")
    scene = Scene(touches=[replace(ahead, corrected_ms=106_000)], visits=visits, consents={"ada"})
    found = LINKER.link(scene).decisions["t"]
    assert (found.decision, found.visit_id) == ("linked", "maker")


def test_two_at_the_terminal_are_left_alone():
    visits = [stands("a", (3.1, 4.0), 10, 40), stands("b", (2.9, 4.0), 10, 40)]
    assert decide([touch("t", 20)], visits)["t"].decision == "ambiguous"


def test_two_of_one_party_are_linked_to_the_party():
    visits = [stands("a", (3.1, 4.0), 10, 40, party_id="p"), stands("b", (2.9, 4.0), 10, 40, party_id="p")]
    found = decide([touch("t", 20)], visits)["t"]
    assert (found.decision, found.visit_id in {"a", "b"}) == ("party", True)
    strangers = [visits[0], stands("b", (2.9, 4.0), 10, 40, party_id="q")]
    assert decide([touch("t", 20)], strangers)["t"].decision == "ambiguous"


def test_an_earlier_touch_of_the_same_member_decides():
    visits = [stands("a", (3.1, 4.0), 10, 40), stands("b", (2.9, 4.0), 20, 50)]
    found = decide([touch("t1", 15), touch("t2", 30)], visits)
    assert {each.visit_id for each in found.values()} == {"a"}


def test_a_visit_is_never_two_members():
    found = decide([touch("t1", 15, "ada"), touch("t2", 30, "bob")], [stands("a", (3.0, 4.0), 10, 40)])
    assert {each.decision for each in found.values()} == {"ambiguous"}


def test_nobody_near_is_nobody():
    assert decide([touch("t", 90)], [stands("a", SPOT, 10, 40)])["t"].decision == "null"
    passing = decide([touch("t", 20)], [stands("a", (3.0, 6.2), 10, 40)])["t"]
    assert (passing.decision, passing.visit_id) == ("null", None), "too far off to fit better than nobody"


def test_a_wrong_clock_is_put_right_before_comparing():
    visits = [stands("a", SPOT, 10, 30), stands("b", SPOT, 32, 60)]
    late = Terminal(place_m=SPOT, spread_m=0.15, offset_ms=15_000.0, sigma_ms=250.0)
    assert decide([touch("t", 20 + 15)], visits, late)["t"].visit_id == "a"
    assert decide([touch("t", 20 + 15)], visits, KNOWN)["t"].visit_id == "b", "as the clock is believed"
    unsure = Terminal(place_m=SPOT, spread_m=0.15, offset_ms=3_000.0, sigma_ms=5_000.0)
    assert decide([touch("t", 34)], visits, unsure)["t"].decision == "ambiguous", "a clock of which little is known"


def test_staff_and_the_withdrawn_make_no_touches():
    visits = [stands("a", SPOT, 10, 40, staff_score=0.9), stands("b", SPOT, 10, 40, status="withdrawn")]
    assert decide([touch("t", 20)], visits)["t"].decision == "null"


def test_without_consent_nothing_is_compared():
    found = decide([touch("t", 20, "dora")], [stands("a", SPOT, 10, 40)])["t"]
    assert (found.decision, found.hypotheses) == ("vetoed", ())


def test_who_has_no_path_is_judged_by_zone():
    bare = stands("a", SPOT, 10, 40, path=())
    assert decide([touch("t", 20)], [bare])["t"].decision == "linked"
    assert decide([touch("t", 20)], [bare, stands("b", (5.0, 4.0), 10, 40, path=())])["t"].decision == "ambiguous"


def test_what_needs_no_link_is_told_apart():
    scene = Scene(
        touches=[touch("t", 5, "ada"), Touch(touch_id="u", time_ms=5, zone_id=None, one_id="ada")],
        visits=[],
        consents={"ada"},
    )
    linking = LINKER.link(scene)
    assert (linking.ineligible, list(linking.decisions)) == ({"u": "no_zone"}, ["t"])


def test_the_model_says_what_was_set():
    rules = LinkRules(least_posterior=0.9)
    assert ProbabilisticLinker(GATE, rules).model_version == "joint-3.posterior-0.9.staff-0.5"


@given(
    st.lists(st.tuples(st.integers(0, 60), st.sampled_from(("ada", "bob", "dora"))), max_size=6),
    st.lists(st.tuples(st.floats(2.5, 3.5), st.integers(0, 50), st.integers(1, 30)), max_size=5),
    st.randoms(use_true_random=False),
)
def test_order_does_not_matter(
    made: list[tuple[int, str]], stood: list[tuple[float, int, int]], shuffler: random.Random
):
    touches = [touch(f"t{number}", t_s, member) for number, (t_s, member) in enumerate(made)]
    visits = [stands(f"v{n}", (x_m, 4.0), from_s, from_s + for_s) for n, (x_m, from_s, for_s) in enumerate(stood)]
    before = decide(touches, visits)
    shuffler.shuffle(touches)
    shuffler.shuffle(visits)
    assert decide(touches, visits) == before
