"""Settings, instants, identity and errors: pure rules around the edges."""

import json
from uuid import UUID

import pytest

from cloud.auth import SESSION_COOKIE
from cloud.config import ConfigError, Settings, load_settings
from cloud.errors import ProblemError, invalid_value, not_found, problem_response
from cloud.identity.names import one_id_of
from cloud.instants import parse_instant, show_instant, write_instant
from cloud.keys.service import ScopeError, check_scopes, digest_of
from cloud.main import shown_url


def test_the_command_line_goes_before_the_environment():
    environ = {"SHOPTHREAD_CLOUD_PORT": "9000", "SHOPTHREAD_CLOUD_DATA_DIR": "/srv/x", "HOME": "/root"}
    settings = load_settings(environ, {"port": 9001, "host": None})
    assert (settings.port, settings.data_dir, settings.host) == (9001, "/srv/x", "127.0.0.1")


@pytest.mark.parametrize(
    ("environ", "message"),
    [
        ({"SHOPTHREAD_CLOUD_PROT": "1"}, "unknown setting SHOPTHREAD_CLOUD_PROT; allowed: .*_PORT"),
        ({"SHOPTHREAD_CLOUD_PORT": "70000"}, "^port: Expected `int` <= 65535, got '70000'"),
        ({"SHOPTHREAD_CLOUD_LINK_TOLERANCE_S": "-1"}, "link_tolerance_s"),
        ({"SHOPTHREAD_CLOUD_DATABASE_URL": "mysql://x"}, "got 'mysql:'"),
    ],
)
def test_a_bad_setting_is_named(environ: dict[str, str], message: str):
    with pytest.raises(ConfigError, match=message):
        load_settings(environ, {})


@pytest.mark.parametrize("url", ["postgresql://u:secret@host/name", "mysql://u:secret@host/name"])
def test_no_error_tells_a_password(url: str):
    with pytest.raises(ConfigError) as caught:
        load_settings({"SHOPTHREAD_CLOUD_DATABASE_URL": url}, {"port": 70000 if "postgresql" in url else 80})
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_postgresql_urls_use_our_driver(scheme: str):
    settings = Settings(database_url=f"{scheme}://u:secret@host/name")
    assert settings.resolved_database_url == "postgresql+psycopg://u:secret@host/name"
    assert settings.sqlite_path is None
    assert shown_url(settings) == "postgresql+psycopg://u@host/name"


def test_the_default_database_is_a_file_in_the_data_directory():
    settings = Settings(data_dir="/srv/shop")
    assert str(settings.sqlite_path) == "/srv/shop/cloud.sqlite"
    assert shown_url(settings) == "sqlite:////srv/shop/cloud.sqlite"


def test_a_plus_that_became_a_space_is_read():
    assert parse_instant("from", "2026-03-01T10:00:00 01:00") == parse_instant("from", "2026-03-01T09:00:00Z")


@pytest.mark.parametrize("text", ["yesterday", "2026-03-01T09:00:00", "1950-01-01T00:00:00Z", "4000-01-01T00:00:00Z"])
def test_a_bad_instant_is_named(text: str):
    with pytest.raises(ProblemError, match=f"got '{text}'"):
        parse_instant("from", text)


def test_instants_are_written_whatever_a_device_reports():
    assert write_instant(0) == "1970-01-01T00:00:00.000Z"
    assert write_instant((1 << 48) - 1) == "9999-12-31T23:59:59.999Z"
    assert show_instant(None) is None


def test_one_id_follows_from_the_identifier():
    one_id = one_id_of("acme", "phone", "a")
    assert one_id == one_id_of("acme", "phone", "a")
    assert len({one_id, one_id_of("acme", "card", "a"), one_id_of("other", "phone", "a")}) == 3
    assert UUID(one_id).version == 8


def test_scopes_must_exist():
    assert check_scopes(["read", "read"]) == {"read"}
    for scopes in ([], ["read", "root"]):
        with pytest.raises(ScopeError, match="ingest, read, members, alerts, admin"):
            check_scopes(scopes)


def test_secrets_are_kept_as_hashes():
    assert digest_of("stk_x") != "stk_x"
    assert len(digest_of("stk_x")) == 64
    assert SESSION_COOKIE


def test_problems_say_what_and_what_to_do():
    response = problem_response(not_found("store", "x", "list them"))
    body = json.loads(bytes(response.body))
    assert response.media_type == "application/problem+json"
    assert body == {
        "type": "urn:shopthread:problem:store-not-found",
        "title": "No such store",
        "status": 404,
        "detail": "no store 'x'; list them",
    }
    assert str(invalid_value("to", 1, "later")) == "Invalid value: to must be later, got 1"
