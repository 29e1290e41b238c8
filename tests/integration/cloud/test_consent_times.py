"""What was said through an identifier before it was known to be anybody's: a refusal counts, a grant does not."""

from collections.abc import Callable
from itertools import permutations

from cloud.consents.repository import granted_profiles, refused_profiles
from cloud.consents.schemas import ConsentStatement
from cloud.consents.service import put_consent
from cloud.context import Context
from cloud.identity.service import add_statements, retract
from cloud.identity.statements import Identifier, Rules, Statement, Validity
from cloud.profiles.history import load_facts_at
from cloud.profiles.live import load_facts
from cloud.profiles.survivorship import consent_states
from contracts.pseudonym import MemberPseudonym, pseudonymize
from contracts.timestamps import format_time
from tests.integration.cloud.support import KEY, MEMBERS, T0, TENANT, Cloud, NewCloud, Shop

DAY_MS = 86_400_000
NUMBER, OTHER = MEMBERS[:2]
PHONE = pseudonymize("phone", "+15550100", KEY)
SINCE = T0 - 10 * DAY_MS
BEFORE = SINCE - DAY_MS
Step = Callable[[Cloud, Shop], None]


def say(member: MemberPseudonym, at_ms: int, *, granted: bool) -> Step:
    def put(cloud: Cloud, _shop: Shop) -> None:
        context = Context(cloud.settings, cloud.database, cloud.clock, cloud.keys, cloud.linker)
        body = {"namespace": member.namespace, "pseudonym": member.pseudonym, "granted": granted}
        put_consent(context, TENANT, ConsentStatement.model_validate(body | {"at": format_time(at_ms)}))
        cloud.projector.catch_up()

    return put


def hold(name: str, member: MemberPseudonym, from_ms: int | None, until_ms: int | None = None) -> Step:
    """State that a member has the phone for some time."""

    def state(cloud: Cloud, _shop: Shop) -> None:
        phone = Identifier(PHONE.namespace, PHONE.pseudonym)
        statement = Statement(
            statement_id=name,
            rank=1,
            at_ms=T0,
            identifiers=(Identifier(member.namespace, member.pseudonym), phone),
            validity={phone: Validity(from_ms, until_ms)},
        )
        with cloud.database.write() as session:
            add_statements(session, TENANT, [("crm", statement)], Rules(), cloud.now_ms)
        cloud.projector.catch_up()

    return state


def shop_today(cloud: Cloud, shop: Shop) -> None:
    cloud.take_in(shop.visit(1, 1, ("kiosk", 0, 10)), shop.scan(5, NUMBER))


GRANT = say(NUMBER, T0 - DAY_MS, granted=True)
REFUSAL = say(PHONE, BEFORE, granted=False)


def one_id(cloud: Cloud) -> str:
    (row,) = cloud.state()["decisions"]
    return str(row[3])


def consents_of(cloud: Cloud, *others: str) -> bool:
    """Return whether the shopper consents; that every place that tells it agrees is asserted."""
    shopper = one_id(cloud)
    with cloud.database.read() as session:
        granted = shopper in granted_profiles(session, TENANT, [shopper])
        facts = [
            load_facts(session, TENANT, [shopper])[shopper],
            load_facts(session, TENANT, [shopper, *others])[shopper],
            load_facts_at(session, TENANT, shopper, cloud.now_ms),
        ]
        for each in facts:
            assert [(state.purpose, state.in_force) for state in consent_states(each.consents)] == [
                ("visit_linking", granted)
            ]
        assert (shopper in refused_profiles(session, TENANT)) is not granted
    assert set(cloud.decisions().values()) == {"linked" if granted else "vetoed"}
    return granted


def test_a_refusal_from_before_counts_in_any_order(new_cloud: NewCloud):
    ends = []
    for steps in permutations([shop_today, REFUSAL, hold("crm:1", NUMBER, SINCE)]):
        cloud, shop = new_cloud(), Shop()
        for step in (GRANT, *steps):
            step(cloud, shop)
        assert not consents_of(cloud)
        ends.append({name: rows for name, rows in cloud.state().items() if name not in {"changes", "identity_ledger"}})
    assert all(end == ends[0] for end in ends)


def test_the_last_word_of_an_identifier_holds_while_it_is_the_members(cloud: Cloud, shop: Shop):
    for step in (GRANT, shop_today, REFUSAL, hold("crm:1", NUMBER, SINCE)):
        step(cloud, shop)
    assert not consents_of(cloud)
    for at_ms, granted, consents in (
        (BEFORE, True, False),
        (BEFORE + 1, True, True),
        (SINCE, False, False),
        (SINCE, True, False),
    ):
        say(PHONE, at_ms, granted=granted)(cloud, shop)
        assert consents_of(cloud) is consents
    with cloud.database.write() as session:
        retract(session, TENANT, "crm:1", Rules(), cloud.now_ms)
    cloud.projector.catch_up()
    assert consents_of(cloud)


def test_a_grant_from_before_gives_nobody_consent(cloud: Cloud, shop: Shop):
    for step in (say(PHONE, BEFORE, granted=True), hold("crm:1", NUMBER, SINCE), shop_today):
        step(cloud, shop)
    with cloud.database.read() as session:
        assert not granted_profiles(session, TENANT, [one_id(cloud)])
        assert not load_facts(session, TENANT, [one_id(cloud)])[one_id(cloud)].consents
    assert set(cloud.decisions().values()) == {"vetoed"}


def test_a_refusal_of_who_had_it_before_is_not_the_next_ones(cloud: Cloud, shop: Shop):
    steps = (GRANT, shop_today, hold("crm:0", OTHER, None, SINCE), REFUSAL, hold("crm:1", NUMBER, SINCE + 1))
    for step in steps:
        step(cloud, shop)
    with cloud.database.read() as session:
        (other,) = refused_profiles(session, TENANT)
    assert consents_of(cloud, other)


def test_a_refusal_between_two_holders_is_the_second_ones(cloud: Cloud, shop: Shop):
    until = BEFORE - 100 * DAY_MS
    steps = (GRANT, shop_today, hold("crm:0", OTHER, None, until), REFUSAL, hold("crm:1", NUMBER, SINCE))
    for step in steps:
        step(cloud, shop)
    assert not consents_of(cloud)
