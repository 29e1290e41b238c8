"""What Grafana and Prometheus are set up to ask for is what the gateway and the cloud really tell."""

import json
import re
import shutil
import subprocess
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import select

from cloud.app import create_app
from cloud.config import Settings
from cloud.migrate import upgrade
from cloud.tables import event_log
from contracts.operations import DeviceHealth
from contracts.payloads import FootfallCrossing, ZoneCount, ZoneOccupancy
from tests.integration.cloud.support import T0, TENANT, Cloud, serving
from tests.integration.cloud.support import Shop as Events
from tests.integration.store.test_operation import Shop
from tests.servers import ROOT, wait_until

FOLDER = ROOT / "deploy" / "monitoring"
DASHBOARD = FOLDER / "grafana" / "dashboards" / "operations.json"
OF_TARGETS = {"job", "instance", "store"}
"""Labels that Prometheus adds: job and instance by itself, store from the file of targets."""

_SELECTOR = re.compile(r"([a-z_]+)\{([^}]*)\}")
_LABEL = re.compile(r'([a-z_]+)(=~|!=|!~|=)"([^"]*)"')
_GROUPING = re.compile(r"\b(?:by|without|on|ignoring)\s*\(([^)]*)\)")
_WORDS = {"or", "and", "unless", "bool"}

Samples = dict[str, list[dict[str, str]]]
"""The label sets of each metric."""


def read_samples(text: str) -> Samples:
    """Return what a text in Prometheus' format tells."""
    found: Samples = {}
    for line in text.splitlines():
        if line and not line.startswith("#"):
            name, _, labels = line.rpartition(" ")[0].partition("{")
            found.setdefault(name, []).append({label: value for label, _, value in _LABEL.findall(labels)})
    return found


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Samples:
    """Return what a running gateway with a camera, and a running cloud, tell at /metrics."""
    cloud = Cloud(Settings(data_dir=str(tmp_path_factory.mktemp("cloud")), metrics=True))
    upgrade(cloud.database)
    cloud.take_in(Events().crossing(T0))
    shop = Shop(tmp_path_factory.mktemp("store"))
    (shop.folder / "key").write_text(cloud.keys.create(TENANT, ["ingest"]).secret)
    with ExitStack() as served:
        http = served.enter_context(serving(create_app(cloud.settings, cloud.clock, runs_projections=False)))
        shop.config.write_text(re.sub(r'url = "[^"]*"', f'url = "{http.base_url}"', shop.config.read_text()))
        with shop.running():
            _tell_the_time(shop, cloud)
            of_cloud = http.get("/metrics").text
            served.close()  # From here on events wait for the cloud, which figures tell too.
            of_gateway = _tell_of_devices(shop)
    cloud.close()
    return {**read_samples(of_gateway), **read_samples(of_cloud), "up": [{}]}


def _tell_the_time(shop: Shop, cloud: Cloud) -> None:
    """Wait until the gateway knows from this cloud that its clock is right, and says so everywhere."""

    def told() -> list[float]:
        with cloud.database.read() as session:
            rows = session.rows(select(event_log.c.raw).where(event_log.c.type == DeviceHealth.TYPE))
        found = [json.loads(row.raw)["data"].get("clock_offset_s") for row in rows]
        return [each for each in found if each is not None]

    wait_until(told, timeout_s=60, what="the gateway's health in the cloud")
    page = json.loads(shop.get("/store.json", shop.cookie())[1])
    assert (page["clock_light"], abs(page["clock_offset_s"]) < 2) == ("green", True)
    assert abs(json.loads(shop.command("status", "--json"))["clock_offset_s"]) < 2
    assert "the gateway's clock: right" in shop.command("status")


def _tell_of_devices(shop: Shop) -> str:
    wait_until(lambda: shop.get("/readyz")[0] == 200, what="readiness")
    queue = ZoneCount(zone_id="till", zone_kind="queue", people=3)
    crossing = FootfallCrossing(
        tripwire_id="door", tripwire_kind="entrance", direction="in", track_id="1", confidence=1.0, rule_version="x"
    )
    health = DeviceHealth(uptime_s=1.0, software_version="x", queue_depth=0, fps=9.5, model_name="m")
    shop.sends(ZoneOccupancy(zones=(queue,)), crossing, health)
    wait_until(lambda: "shopthread_device_fps" in shop.get("/metrics")[1], what="the camera")
    return shop.get("/metrics")[1]


def panels() -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = json.loads(DASHBOARD.read_text())["panels"]
    return made


def rules() -> list[dict[str, Any]]:
    groups = yaml.safe_load((FOLDER / "rules.yml").read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def expressions() -> list[str]:
    of_panels = [target["expr"] for panel in panels() for target in panel.get("targets", ())]
    return [*of_panels, *(rule["expr"] for rule in rules())]


def metrics_in(expression: str) -> set[str]:
    """Return the names in an expression that are neither functions, labels nor words of the language."""
    bare = re.sub(r"\{[^}]*\}|\[[^\]]*\]", "", _GROUPING.sub("", expression))
    return {name for name in re.findall(r"\b[a-z_:]+\b(?!\s*\()", bare) if name not in _WORDS}


@pytest.mark.parametrize("expression", sorted(set(expressions())))
def test_every_query_names_what_is_told(expression: str, samples: Samples):
    named = metrics_in(expression)
    assert named
    assert named <= samples.keys()
    for metric, matchers in _SELECTOR.findall(expression):
        for label, how, value in _LABEL.findall(matchers):
            if label not in OF_TARGETS:
                assert any(label in each for each in samples[metric]), f"{metric} has no label {label}"
                assert how != "=" or any(each[label] == value for each in samples[metric]), f"no {label} is {value}"
    for grouping in _GROUPING.findall(expression):
        for label in grouping.split(","):
            assert label.strip() in OF_TARGETS or all(label.strip() in each for name in named for each in samples[name])


def test_the_queries_cover_what_is_told(samples: Samples):
    asked = {name for expression in expressions() for name in metrics_in(expression)}
    alone = {"shopthread_device_clock_offset_milliseconds", "shopthread_gateway_joins_cameras"}
    assert samples.keys() - asked <= alone, "what nobody is told of by a rule or a panel"


def test_a_name_that_nobody_tells_would_be_found():
    assert metrics_in('max by (light) (rate(shopthread_x_total{a="b"}[5m])) > 2 or vector(0)') == {"shopthread_x_total"}


def test_panels_are_complete_and_do_not_overlap():
    taken: set[tuple[int, int]] = set()
    for panel in panels():
        place = panel["gridPos"]
        squares = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not taken & squares, panel["title"]
        taken |= squares
        assert place["x"] + place["w"] <= 24
        assert panel["type"] == "row" or (panel["description"] and panel["datasource"]["uid"] == "shopthread")
    assert len({panel["id"] for panel in panels()}) == len(panels())


def test_alerts_say_how_bad_and_what():
    for rule in rules():
        assert rule["labels"]["severity"] in {"warning", "critical"}
        assert rule["annotations"]["summary"]


def test_what_the_files_name_is_there():
    compose = yaml.safe_load((FOLDER / "compose.yaml").read_text())
    for service in compose["services"].values():
        for volume in service["volumes"]:
            source = volume.split(":")[0]
            assert not source.startswith(".") or (FOLDER / source).exists(), source
    prometheus = yaml.safe_load((FOLDER / "prometheus.yml").read_text())
    named = [*prometheus["rule_files"], *(path for job in prometheus["scrape_configs"] for path in _targets_of(job))]
    assert all((FOLDER / path).exists() for path in named)
    jobs = {job["job_name"] for job in prometheus["scrape_configs"]}
    assert set(re.findall(r'job="([^"]+)"', " ".join(expressions()))) <= jobs
    sources = yaml.safe_load((FOLDER / "grafana" / "provisioning" / "datasources" / "prometheus.yml").read_text())
    assert [source["uid"] for source in sources["datasources"]] == ["shopthread"]


def _targets_of(job: dict[str, Any]) -> list[str]:
    files: list[str] = job["file_sd_configs"][0]["files"]
    return files


def test_prometheus_takes_its_configuration():
    promtool = shutil.which("promtool") or str(Path(ROOT / "build" / "prometheus" / "usr" / "bin" / "promtool"))
    if not Path(promtool).exists():
        pytest.skip("no promtool is here: install it (Debian: apt-get install prometheus)")
    checked = subprocess.run(
        [promtool, "check", "config", FOLDER / "prometheus.yml"], capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
