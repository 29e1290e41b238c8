"""The demo's floor plan is one that the cloud takes."""

from cloud.floor.schemas import Plan
from shopthread.demo.plan import plan_of
from simulators.adapters.scenario_files import load_scenario, scenario_names


def test_the_cloud_takes_the_plan_of_every_scenario():
    for name in scenario_names():
        scenario = load_scenario(name)
        plan = Plan(**plan_of(scenario))
        assert [zone.zone_id for zone in plan.zones] == [zone.id for zone in scenario.zones]
        assert len(plan.obstacles) == len(scenario.walls) + len(scenario.shelves)
        assert len(plan.devices) == len(scenario.kiosks) + len(scenario.tills)
