"""What is kept under a key opens under it alone, for its owner alone, and unchanged alone."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.config import ConfigError, Settings
from cloud.keys.key_file import MIN_KEY_BYTES, read_service_key
from cloud.keys.sealing import NONCE_BYTES, SealError, is_sealed, seal, unseal

KEY, NONCE = b"k" * 32, bytes(range(NONCE_BYTES))


@given(st.binary(max_size=300), st.text(max_size=20))
def test_what_is_sealed_opens_and_shows_nothing(plain: bytes, owner: str):
    sealed = seal(KEY, plain, owner, NONCE)
    assert is_sealed(sealed)
    assert unseal(KEY, sealed, owner) == plain
    assert len(plain) < 3 or plain.hex() not in sealed


@given(st.integers(0, 120), st.sampled_from("AZaz09-_"))
def test_whatever_is_changed_does_not_open(place: int, letter: str):
    sealed = seal(KEY, b"a secret of some thirty-two bytes", "webhook 1", NONCE)
    place = 3 + place % (len(sealed) - 5)
    changed = sealed[:place] + letter + sealed[place + 1 :]
    if changed != sealed:
        with pytest.raises(SealError):
            unseal(KEY, changed, "webhook 1")


@pytest.mark.parametrize(
    ("key", "sealed", "owner"),
    [
        (b"l" * 32, None, "webhook 1"),
        (KEY, None, "webhook 2"),
        (KEY, "s1.", "webhook 1"),
        (KEY, "s1.A", "webhook 1"),
        (KEY, "whsec_AAAA", "webhook 1"),
    ],
)
def test_another_key_another_owner_or_something_else_does_not_open(key: bytes, sealed: str | None, owner: str):
    with pytest.raises(SealError, match=r"cannot be opened"):
        unseal(key, sealed or seal(KEY, b"secret", "webhook 1", NONCE), owner)


def test_two_secrets_alike_look_different_and_a_nonce_has_its_length():
    assert seal(KEY, b"s" * 32, "w", NONCE)[-43:] != seal(KEY, b"s" * 32, "w", NONCE[::-1])[-43:]
    with pytest.raises(ValueError, match=r"[Nn]once"):
        seal(KEY, b"s", "w", b"short")


def test_the_services_key_is_made_once_for_its_owner_alone(tmp_path: Path):
    path = Settings(data_dir=str(tmp_path / "new")).secret_key_path
    key = read_service_key(path)
    assert len(key) >= MIN_KEY_BYTES
    assert read_service_key(path) == key
    assert path.stat().st_mode & 0o077 == 0
    assert [each.name for each in path.parent.iterdir()] == [path.name]
    beside = Settings(database_url="sqlite:////var/lib/cloud.sqlite").secret_key_path
    assert beside == Path("/var/lib/secret.key")
    assert Settings(database_url="postgresql://h/d", data_dir="d").secret_key_path == Path("d/secret.key")
    assert Settings(secret_key_file="/etc/key").secret_key_path == Path("/etc/key")


def test_a_key_that_cannot_serve_is_named(tmp_path: Path):
    short = tmp_path / "short"
    short.write_text("abc", encoding="ascii")
    with pytest.raises(ConfigError, match=r"secret_key_file: .*holds 3 bytes, at least 32"):
        read_service_key(short)
    with pytest.raises(ConfigError, match=r"cannot be read or made"):
        read_service_key(short / "below" / "a-file")


def test_of_two_who_make_the_key_the_first_ones_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = tmp_path / "secret.key"
    path.write_text("f" * 64, encoding="ascii")
    monkeypatch.setattr(Path, "exists", lambda _: False)
    assert read_service_key(path) == b"f" * 64
    assert [each.name for each in tmp_path.iterdir()] == ["secret.key"]
