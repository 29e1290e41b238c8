"""Whether a scenario's figures go together: weights, ranges, hours."""

from collections.abc import Iterator, Sequence
from math import ceil, hypot, isclose

from simulators.core.errors import ScenarioError
from simulators.core.layout import Range
from simulators.core.scenario import Scenario

_SMALLER_FIRST = "the smaller value first"


def check_numbers(scenario: Scenario) -> None:
    """Check a scenario's figures.

    Raises:
        ScenarioError: Weights are all zero, a range or hours are the wrong way round, a direction is no direction, or
            no till would ever open.
    """
    for key, weights in _weights(scenario):
        if not any(weights):
            raise ScenarioError(key, weights, "at least one value above 0")
    for key, pair in _ranges(scenario):
        if pair[0] > pair[1]:
            raise ScenarioError(key, pair, _SMALLER_FIRST)
    _check_hours(scenario)
    _check_directions(scenario)
    _check_tills(scenario)


def _weights(scenario: Scenario) -> Iterator[tuple[str, Sequence[float]]]:
    purposes, traffic = scenario.purposes, scenario.traffic
    yield "purposes", (purposes.browse, purposes.buy, purposes.scan, purposes.refund, purposes.try_on)
    yield "traffic.party_size_weights", traffic.party_size_weights
    yield "traffic.by_hour", traffic.by_hour
    yield "traffic.by_weekday", traffic.by_weekday
    yield "year.by_month", scenario.year.by_month
    yield "door.weight", tuple(door.weight for door in scenario.doors)
    yield "door.leave_weight", tuple(door.leave_weight for door in scenario.doors)


def _ranges(scenario: Scenario) -> Iterator[tuple[str, Range]]:
    behaviour = scenario.behaviour
    yield "behaviour.walking_mps", behaviour.walking_mps
    yield "behaviour.browse_s", behaviour.browse_s
    yield "behaviour.try_on_s", behaviour.try_on_s
    yield "behaviour.patience_s", behaviour.patience_s
    yield "behaviour.reenter_after_s", behaviour.reenter_after_s
    yield "codes.home_after_s", scenario.codes.home_after_s
    yield "noise.false_track_s", scenario.noise.false_track_s
    yield "messages.late_s", scenario.messages.late_s
    for i, outage in enumerate(scenario.outages):
        yield f"outage[{i}].lasts_s", outage.lasts_s
    if scenario.delivery is not None:
        yield "delivery.stays_s", scenario.delivery.stays_s


def _check_hours(scenario: Scenario) -> None:
    hours = [("traffic.opens", scenario.traffic.opens)]
    if scenario.delivery is not None:
        hours.append(("delivery.hours", scenario.delivery.hours))
    for key, (opens, closes) in hours:
        if opens >= closes:
            raise ScenarioError(key, (opens, closes), "two local hours, the earlier one first, for example [9.0, 20.0]")
    for i, member in enumerate(scenario.staff):
        if member.shift[0] == member.shift[1]:
            key = f"staff[{i}].shift"
            raise ScenarioError(
                key, member.shift, "two different local hours; [22.0, 6.0]: a night, [0.0, 24.0]: always"
            )
    opens, closes = scenario.traffic.opens
    if not any(scenario.traffic.by_hour[int(opens) : ceil(closes)]):
        key = "traffic.opens"
        raise ScenarioError(key, (opens, closes), "hours of which at least one has a weight above 0 in traffic.by_hour")


def _check_directions(scenario: Scenario) -> None:
    for i, door in enumerate(scenario.doors):
        if not isclose(hypot(*door.outward), 1.0, abs_tol=1e-3):
            key = f"door[{i}].outward"
            raise ScenarioError(key, door.outward, "a direction of length 1, for example [0.0, 1.0]")
    for i, tripwire in enumerate(scenario.tripwires):
        if tripwire.points[0] == tripwire.points[1]:
            key = f"tripwire[{i}].points"
            raise ScenarioError(key, tripwire.points, "two distinct points")
    for i, pavement in enumerate(scenario.pavements):
        if pavement.start == pavement.end:
            key = f"pavement[{i}].end"
            raise ScenarioError(key, pavement.end, "another point than start")


def _check_tills(scenario: Scenario) -> None:
    opens_at = [till.opens_at for till in scenario.tills]
    if opens_at and min(opens_at) > 0:
        key = "till.opens_at"
        raise ScenarioError(key, opens_at, "0 for at least one till: it is always open")
