"""Runs the cloud tier as a process. Whatever stops it from starting is said in one line."""

import gc
import signal
import socket
import sys
import threading

import uvicorn
from fastapi import FastAPI
from sqlalchemy.exc import OperationalError

from cloud.app import create_app, make_background_workers, make_key_service, make_projector, open_database
from cloud.config import Settings
from cloud.migrate import require_current, upgrade
from cloud.projections.worker import ProjectionWorker
from cloud.webhooks.secrets import seal_clear_secrets

_BACKLOG = 256
_SHUTDOWN_S = 5
"""How long requests at hand may take when the service ends; live streams never end by themselves that soon."""
_SWITCH_S = 0.000_5
"""How long a thread of the service waits for Python's lock before it asks for it. Whoever writes a batch holds up every
process that appends, and by default waits ten times as long at each step for one that judges."""


class StartError(Exception):
    """The service cannot start. The message is one line: the value and the remedy."""


def serve(settings: Settings, *, migrates: bool = False, projects: bool = True) -> None:
    """Serve until the process is told to stop.

    Args:
        settings: Validated settings.
        migrates: Bring the database's schema up to date first.
        projects: Also keep the figures up to date; False where `project` runs beside it.

    Raises:
        StartError: The port is in use or the database cannot be opened.
        cloud.migrate.SchemaError: The schema is not the one that this version needs.
    """
    prepare_database(settings, migrates=migrates)
    sys.setswitchinterval(_SWITCH_S)
    with bind(settings) as listener:
        server = make_server(create_app(settings, runs_projections=projects))
        keep_what_lives()
        server.run([listener])


def project(settings: Settings) -> None:
    """Keep the figures up to date, judge alerts and tell others, until the process is told to stop; serve nothing.

    Raises:
        StartError: The database cannot be opened.
        cloud.migrate.SchemaError: The schema is not the one that this version needs.
    """
    prepare_database(settings, migrates=False)
    database = open_database(settings)
    worker = ProjectionWorker(make_projector(settings, database), settings.projection_interval_s)
    beside = make_background_workers(settings, database)
    asked_to_stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: asked_to_stop.set())
    worker.start()
    for each in beside:
        each.start()
    asked_to_stop.wait()
    for each in beside:
        each.stop()
    worker.stop()
    database.dispose()


def keep_what_lives() -> None:
    """Look never again through what lives as long as the service: a whole collection of garbage holds up an answer."""
    gc.collect()
    gc.freeze()


def make_server(app: FastAPI) -> uvicorn.Server:
    """Return the HTTP server for an application."""
    return uvicorn.Server(
        uvicorn.Config(
            app,
            ws="none",
            lifespan="on",
            log_level="warning",
            access_log=False,
            timeout_graceful_shutdown=_SHUTDOWN_S,
        )
    )


def prepare_database(settings: Settings, *, migrates: bool) -> None:
    """Make sure that the database answers and has the schema that this version needs.

    Raises:
        StartError: It does not answer.
        cloud.migrate.SchemaError: The schema is behind and `migrates` is False.
    """
    url = shown_url(settings)
    try:
        database = open_database(settings)
    except OSError as error:
        remedy = "name another with --data-dir or --database-url"
        msg = f"cannot make the directory of {settings.sqlite_path} ({error.strerror}); {remedy}"
        raise StartError(msg) from error
    try:
        if migrates:
            upgrade(database)
        require_current(database)
        seal_clear_secrets(database, make_key_service(settings, database))
    except OperationalError as error:
        cause = str(error.orig).strip().splitlines()[0]
        remedy = (
            "another process holds it; stop that process or raise busy_timeout_s"
            if "locked" in cause
            else "check database_url and whether the server runs"
        )
        msg = f"cannot open the database {url}: {cause}; {remedy}"
        raise StartError(msg) from error
    finally:
        database.dispose()


def shown_url(settings: Settings) -> str:
    """Return the database URL without its password."""
    scheme, separator, rest = settings.resolved_database_url.partition("://")
    user, at, host = rest.rpartition("@")
    return f"{scheme}{separator}{user.partition(':')[0]}{at}{host}"


def bind(settings: Settings) -> socket.socket:
    """Return a listening socket.

    Raises:
        StartError: The host and port cannot be had.
    """
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    # With the protocol named, asyncio switches Nagle's algorithm off; without, each answer waits 40 ms for an ACK.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        msg = f"cannot listen on {settings.host}:{settings.port} ({error.strerror}); choose another with --port"
        raise StartError(msg) from error
    return listener
