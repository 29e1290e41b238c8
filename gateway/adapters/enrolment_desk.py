"""Gives devices their credentials: who shows a valid one-time code learns who it is."""

import logging
from collections.abc import Callable

from msgspec import Struct

from contracts.enrolment import Enrolment, decode_enrolment_request, encode_enrolment
from contracts.errors import ContractError
from contracts.events import Source
from gateway.adapters.credential_rows import CredentialRows
from gateway.adapters.http_server import Reply, Request, text_reply
from gateway.adapters.try_limits import TryLimits
from gateway.core.devices.passwords import SALT_BYTES, hash_password
from gateway.errors import EnrolmentError

logger = logging.getLogger(__name__)

_PASSWORD_BYTES = 32


class BrokerAddress(Struct, frozen=True):
    """Where devices find the broker: its port, its host (None: the gateway's), and whom to trust (None: nobody)."""

    port: int
    host: str | None
    ca_pem: str | None


class EnrolmentDesk:
    """Answers requests to enrol.

    Args:
        gateway: The gateway as its own events name it.
        rows: Codes and credentials.
        address: Where the broker is.
        limits: How often somebody may try.
        clock_ms: The wall clock, Unix milliseconds.
        draw: Random bytes that nobody can guess.
    """

    def __init__(
        self,
        gateway: Source,
        rows: CredentialRows,
        address: BrokerAddress,
        limits: TryLimits,
        clock_ms: Callable[[], int],
        draw: Callable[[int], bytes],
    ) -> None:
        self._gateway, self._rows, self._address = gateway, rows, address
        self._limits, self._clock_ms, self._draw = limits, clock_ms, draw

    def enrol(self, request: Request) -> Reply:
        """Answer who shows a code: 200 with the credentials, 403 for a code that does not count, 429 for too many."""
        if not self._limits.is_allowed(request.address):
            return text_reply("too many tries; wait a minute and try again", 429)
        try:
            code = decode_enrolment_request(request.body).code
            password = self._draw(_PASSWORD_BYTES).hex()
            device, kind = self._rows.redeem(code, hash_password(password, self._draw(SALT_BYTES)), self._clock_ms())
        except ContractError as error:
            return text_reply(str(error), 400)
        except EnrolmentError as error:
            logger.warning("%s was not enrolled: %s", request.address, error)
            return text_reply(str(error), 403)
        self._limits.forget(request.address)
        logger.warning("%s was enrolled as %s (%s)", request.address, device, kind)
        answer = Enrolment(
            tenant=self._gateway.tenant,
            store=self._gateway.store,
            device=device,
            kind=kind,
            password=password,
            broker_port=self._address.port,
            broker_host=self._address.host,
            ca_pem=self._address.ca_pem,
        )
        return Reply(encode_enrolment(answer), "application/json")
