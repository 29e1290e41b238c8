"""The gateway's configuration names what is wrong."""

from pathlib import Path

import pytest

from gateway.config import GatewayConfig, load_config, read_secret
from gateway.errors import ConfigurationError

GOOD = """
[gateway]
tenant = "acme"
store = "store-1"
data_dir = "/tmp/x"
[cloud]
url = "http://127.0.0.1:8080"
api_key_file = "key"
"""


def _load(folder: Path, text: str) -> GatewayConfig:
    path = folder / "gateway.toml"
    path.write_text(text)
    return load_config(path)


def test_defaults(tmp_path: Path):
    config = _load(tmp_path, GOOD)
    assert str(config.gateway.source) == "/acme/store-1/gateway"
    assert config.broker.address == "127.0.0.1:1883"


def test_when_the_store_closes(tmp_path: Path):
    hours = _load(tmp_path, GOOD + '[store_hours]\ncloses = "22:30"\ntime_zone = "Asia/Shanghai"\n').store_hours
    assert (str(hours.closing_time), str(hours.zone)) == ("22:30:00", "Asia/Shanghai")
    assert str(_load(tmp_path, GOOD).store_hours.zone) == "UTC"


def test_relative_paths_are_taken_from_the_files_folder(tmp_path: Path):
    assert _load(tmp_path, GOOD).cloud.api_key_file == tmp_path / "key"
    assert _load(tmp_path, GOOD).gateway.data_dir == Path("/tmp/x")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('store = "store-1"', 'store = "Store 1"', "gateway.store must be"),
        ('url = "http://127.0.0.1:8080"', 'url = "cloud"', "cloud.url"),
        ('store = "store-1"', 'shop = "store-1"', "shop"),
        ("[cloud]", "[cloud]\nbatch_events = 0", "batch_events"),
        ("[cloud]", "[cloud", "gateway.toml"),
        ("[cloud]", '[store_hours]\ncloses = "24:00"\n[cloud]', "store_hours.closes"),
        ("[cloud]", '[store_hours]\ntime_zone = "Atlantis/Port"\n[cloud]', "no time zone 'Atlantis/Port'"),
    ],
)
def test_a_wrong_key_or_value_is_named(tmp_path: Path, old: str, new: str, words: str):
    with pytest.raises(ConfigurationError, match=words):
        _load(tmp_path, GOOD.replace(old, new))


def test_a_missing_file_is_named(tmp_path: Path):
    with pytest.raises(ConfigurationError, match=r"none\.toml"):
        load_config(tmp_path / "none.toml")


def test_secrets(tmp_path: Path):
    path = tmp_path / "key"
    with pytest.raises(ConfigurationError, match="cannot read"):
        read_secret(path, "cloud.api_key_file")
    path.write_text(" \n")
    with pytest.raises(ConfigurationError, match="is empty"):
        read_secret(path, "cloud.api_key_file")
    path.write_text("secret\n")
    assert read_secret(path, "cloud.api_key_file") == "secret"
