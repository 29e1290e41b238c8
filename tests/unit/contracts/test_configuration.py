"""Configuration files: typed, with paths of their own folder, and errors that name file and key."""

from pathlib import Path

import pytest
from msgspec import Struct

from contracts.configuration import InvalidConfigurationError, decode_toml

FILE = Path("/etc/shop/device.toml")


class _Config(Struct, frozen=True, forbid_unknown_fields=True):
    folder: Path
    count: int = 1


@pytest.mark.parametrize(
    ("text", "folder"),
    [('folder = "data"', "/etc/shop/data"), ('folder = "../data"', "/etc/data"), ('folder = "/data"', "/data")],
)
def test_relative_paths_are_taken_from_the_files_folder(text: str, folder: str):
    assert decode_toml(text.encode(), _Config, FILE) == _Config(Path(folder))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("folder =", "device.toml"),
        ("folder = 5", r"expected a Path, got 5"),
        ('folder = "x"\ncount = "y"', r"count"),
        ('folder = "x"\nother = 1', "other"),
        ("", "folder"),
    ],
)
def test_what_is_wrong_is_named(text: str, words: str):
    with pytest.raises(InvalidConfigurationError, match=words) as refusal:
        decode_toml(text.encode(), _Config, FILE)
    assert str(FILE) in str(refusal.value)
