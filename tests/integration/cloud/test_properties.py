"""Any world, any order, any batches: the same state and the same active decisions."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cloud.consents.schemas import ConsentStatement
from cloud.consents.service import put_consent
from cloud.context import Context
from contracts.timestamps import format_time
from tests.integration.cloud.support import MEMBERS, T0, TENANT, Cloud, NewCloud, Shop

SECONDS = st.integers(0, 30)
ZONES = st.sampled_from(["kiosk", "till"])


@st.composite
def worlds(draw: st.DrawFn) -> list[bytes]:
    """Return events of visits in several revisions, touches, voids, and corrections of some of them."""
    shop = Shop()
    events = []
    for number in range(draw(st.integers(1, 4))):
        for revision in range(1, draw(st.integers(1, 3)) + 1):
            status = draw(st.sampled_from(["open", "closed", "closed", "merged", "withdrawn"]))
            entered = draw(SECONDS)
            left = entered + draw(st.integers(0, 15)) if status == "closed" else None
            events.append(shop.visit(number, revision, (draw(ZONES), entered, left), status=status))
    for number in range(draw(st.integers(1, 5))):
        member = MEMBERS[draw(st.integers(0, 2))]
        if draw(st.booleans()):
            events.append(shop.scan(draw(SECONDS), member, draw(ZONES)))
        else:
            events.append(shop.sale(draw(SECONDS), f"r{number}", member=member))
            if draw(st.booleans()):
                events.append(shop.sale(40, f"v{number}", member=member, kind="void", reverses=f"r{number}"))
    wrong = draw(st.lists(st.sampled_from(events), max_size=2, unique=True))
    if wrong:
        events.append(shop.correction(*wrong))
    return events


def give_consent(cloud: Cloud, member: int, *, granted: bool, second: int) -> None:
    pseudonym = MEMBERS[member]
    context = Context(cloud.settings, cloud.database, cloud.clock, cloud.keys, cloud.linker)
    statement = ConsentStatement(
        namespace=pseudonym.namespace,
        pseudonym=pseudonym.pseudonym,
        granted=granted,
        at=format_time(T0 + second * 1000),
    )
    put_consent(context, TENANT, statement)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    world=worlds(),
    statements=st.lists(st.tuples(st.integers(0, 2), st.booleans(), st.integers(0, 3)), max_size=4),
    order=st.randoms(use_true_random=False),
    size=st.integers(1, 4),
)
def test_any_arrival_order_ends_in_the_same_state(
    new_cloud: NewCloud, world: list[bytes], statements: list[tuple[int, bool, int]], order: object, size: int
):
    at_once, piecemeal = new_cloud(), new_cloud()
    for member, granted, second in statements:
        give_consent(at_once, member, granted=granted, second=second)
    at_once.take_in(*world)
    pieces: list[bytes | tuple[int, bool, int]] = [*world, *statements, *world[:2]]
    order.shuffle(pieces)  # type: ignore[attr-defined]  # hypothesis's random has no public type
    pending: list[bytes] = []
    for piece in pieces:
        if isinstance(piece, bytes):
            pending.append(piece)
            if len(pending) == size:
                piecemeal.take_in(*pending)
                pending.clear()
        else:
            member, granted, second = piece
            give_consent(piecemeal, member, granted=granted, second=second)
    piecemeal.take_in(*pending)
    expected = at_once.state()
    assert piecemeal.state() == expected
    at_once.now_ms += 1
    at_once.projector.rebuild()
    assert at_once.state() == expected
    at_once.close()
    piecemeal.close()
