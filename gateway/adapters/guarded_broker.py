"""The embedded broker behind a gate: each device signs in with its own password and has its own rights.

The broker itself listens on 127.0.0.1 alone, under a password of this run. The gate checks what devices say
(`gateway.core.mqtt_guard`) and passes it on; what the broker says to them passes unseen.
"""

import asyncio
import logging
import secrets
import ssl
import threading
from collections.abc import Callable

from contracts.events import Source
from gateway.adapters.embedded_broker import EmbeddedBroker, free_local_port
from gateway.adapters.try_limits import TryLimits
from gateway.core.mqtt_guard import (
    BAD_LOGIN,
    MAX_CONNECT_BYTES,
    TOO_MANY_TRIES,
    GuardError,
    Login,
    check_login,
    check_packet,
    login_as,
    read_login,
    split_packets,
)
from gateway.errors import BrokerError, DeviceStoreError

logger = logging.getLogger(__name__)

_LOCAL = "127.0.0.1"
_INNER_USER = "gate"
_CHUNK_BYTES = 65_536
_LOGIN_S = 10.0
_START_S = 10.0

CheckPassword = Callable[[str, bytes], bool]
"""Tells whether a device has a password; may raise `DeviceStoreError`."""


class GuardedBroker:
    """Runs the embedded broker and its gate.

    Args:
        host: IP address to listen on.
        port: TCP port.
        gateway: The gateway, whose store's devices may sign in.
        check_password: Who may.
        limits: How often somebody may try in vain.
        tls: Encrypts; None: passwords travel in clear.
    """

    def __init__(
        self,
        host: str,
        port: int,
        gateway: Source,
        check_password: CheckPassword,
        limits: TryLimits,
        *,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._host, self._port, self._gateway, self._tls = host, port, gateway, tls
        self._check_password, self._limits = check_password, limits
        self.username, self.password = _INNER_USER, secrets.token_hex(16)
        self.inner_port = free_local_port()
        self._inner = EmbeddedBroker(_LOCAL, self.inner_port, (self.username, self.password))
        self._open: dict[asyncio.Task[None], str] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=self._run, name="gate", daemon=True)
        self._ready, self._failure = threading.Event(), ""

    def start(self) -> None:
        """Start, and return when it listens.

        Raises:
            BrokerError: The address cannot be used.
        """
        self._inner.start()
        self._thread.start()
        self._ready.wait(_START_S)
        if self._failure:
            msg = f"cannot listen on {self._host}:{self._port}: {self._failure}; choose a free broker.port"
            raise BrokerError(msg)

    @property
    def is_running(self) -> bool:
        """Return whether the broker and its gate live."""
        return self._inner.is_running and self._thread.is_alive()

    def drop(self, device: str) -> None:
        """End the connections of a device."""
        if self._loop is not None and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._drop, device)

    def stop(self) -> None:
        """Stop and release the port."""
        if self._loop is not None and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
        self._inner.stop()

    def _drop(self, device: str) -> None:
        for task, name in self._open.items():
            if name == device:
                task.cancel()

    def _run(self) -> None:
        self._loop = loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        try:
            server = loop.run_until_complete(asyncio.start_server(self._serve, self._host, self._port, ssl=self._tls))
        except OSError as error:
            self._failure = str(error)
            self._ready.set()
            loop.close()
            return
        self._ready.set()
        loop.run_forever()
        server.close()
        tasks = asyncio.all_tasks(loop)
        for task in tasks:
            task.cancel()
        loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        loop.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        address = str(writer.get_extra_info("peername", ("?",))[0])
        try:
            async with asyncio.timeout(_LOGIN_S):
                login, rest = await _first_packet(reader)
            device = await self._admit(login, address)
            if isinstance(device, bytes):
                writer.write(device)
                await writer.drain()
            else:
                await self._carry(device, login, rest, reader, writer)
        except (GuardError, TimeoutError, OSError, asyncio.IncompleteReadError) as error:
            logger.warning("the broker hung up on %s: %s", address, str(error) or type(error).__name__)
        except asyncio.CancelledError:
            logger.info("the connection of %s was ended", address)
        finally:
            writer.close()

    async def _admit(self, login: Login, address: str) -> Source | bytes:
        """Return the device that signs in, or what to answer to who may not."""
        try:
            may = await asyncio.to_thread(self._check_password, login.user, login.password)
        except DeviceStoreError as error:
            logger.error("%s", error)  # noqa: TRY400 - one line for operators
            may = False
        if may:
            device = Source(self._gateway.tenant, self._gateway.store, login.user)
            check_login(login, device)
            return device
        if not self._limits.is_allowed(address):
            await asyncio.sleep(1.0)
            return TOO_MANY_TRIES
        logger.warning("%s gave a wrong password for %r, or it was revoked", address, login.user[:64])
        return BAD_LOGIN

    async def _carry(
        self,
        device: Source,
        login: Login,
        rest: bytes,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        inner_reader, inner_writer = await asyncio.open_connection(_LOCAL, self.inner_port)
        inner_writer.write(login_as(login, self.username, self.password))
        up = asyncio.ensure_future(_carry_checked(device, rest, reader, inner_writer))
        down = asyncio.ensure_future(_carry_back(inner_reader, writer))
        task = asyncio.current_task()
        if task is not None:
            self._open[task] = device.device
        try:
            done, _ = await asyncio.wait((up, down), return_when=asyncio.FIRST_COMPLETED)
            for ended in done:
                ended.result()
        finally:
            if task is not None:
                self._open.pop(task, None)
            up.cancel()
            down.cancel()
            inner_writer.close()


async def _first_packet(reader: asyncio.StreamReader) -> tuple[Login, bytes]:
    received = b""
    while True:
        packets, rest = split_packets(received, MAX_CONNECT_BYTES) if len(received) > 1 else ([], b"")
        if packets:
            return read_login(packets[0]), b"".join(packets[1:]) + rest
        chunk = await reader.read(_CHUNK_BYTES)
        if not chunk:
            msg = "it ended before it signed in"
            raise GuardError(msg)
        received += chunk


async def _carry_checked(
    device: Source, rest: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    chunk = rest
    while True:
        packets, rest = split_packets(chunk)
        for packet in packets:
            check_packet(packet, device)
        writer.write(b"".join(packets))
        await writer.drain()
        received = await reader.read(_CHUNK_BYTES)
        if not received:
            return
        chunk = rest + received


async def _carry_back(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while chunk := await reader.read(_CHUNK_BYTES):
        writer.write(chunk)
        await writer.drain()
