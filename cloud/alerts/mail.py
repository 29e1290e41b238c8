"""Sends one e-mail over SMTP (RFC 5321), encrypted unless an operator's own server cannot."""

import smtplib
import ssl
from email.message import EmailMessage
from pathlib import Path
from typing import Literal, Protocol

from msgspec import Struct

from cloud.webhooks.retry import Answer

Security = Literal["starttls", "tls", "none"]
_SHOWN_CHARS = 500
_TAKEN = 250


class MailServer(Struct, frozen=True, kw_only=True):
    """Where e-mails are handed over.

    Attributes:
        host: Its name, which its certificate must bear.
        port: 587 for submission with STARTTLS, 465 for TLS from the start.
        security: How the connection is encrypted; `starttls` gives up where the server offers none.
        sender: The address that e-mails come from.
        user: Who signs in; None: nobody.
        password_file: A file with the password.
        ca_file: Certificates to trust besides the system's.
        timeout_s: How long connecting, and each answer, may take.
    """

    host: str
    port: int
    security: Security
    sender: str
    user: str | None
    password_file: str | None
    ca_file: str | None
    timeout_s: float


class SendMail(Protocol):
    """Sends an e-mail and returns what came of it, with SMTP's status; it never raises."""

    def __call__(self, mail: EmailMessage) -> Answer:
        """Send once."""


class SmtpSender:
    """Sends over the network, each e-mail on a connection of its own."""

    def __init__(self, server: MailServer) -> None:
        self._server = server

    def __call__(self, mail: EmailMessage) -> Answer:
        """See `SendMail`."""
        try:
            with self._connected() as connection:
                self._sign_in(connection)
                connection.send_message(mail)
        except smtplib.SMTPRecipientsRefused as error:
            code, text = next(iter(error.recipients.values()))
            return Answer(status=code, fault=_told(code, text))
        except smtplib.SMTPResponseException as error:
            return Answer(status=error.smtp_code, fault=_told(error.smtp_code, error.smtp_error))
        except (OSError, smtplib.SMTPException, ValueError) as error:
            return Answer(fault=f"{type(error).__name__}: {error}"[:_SHOWN_CHARS])
        return Answer(status=_TAKEN)

    def _connected(self) -> smtplib.SMTP:
        server = self._server
        if server.security == "tls":
            return smtplib.SMTP_SSL(server.host, server.port, timeout=server.timeout_s, context=self._trust())
        return smtplib.SMTP(server.host, server.port, timeout=server.timeout_s)

    def _sign_in(self, connection: smtplib.SMTP) -> None:
        server = self._server
        if server.security == "starttls":
            connection.starttls(context=self._trust())
        if server.user is not None and server.password_file is not None:
            connection.login(server.user, Path(server.password_file).read_text(encoding="utf-8").strip())

    def _trust(self) -> ssl.SSLContext:
        context = ssl.create_default_context()
        if self._server.ca_file is not None:
            context.load_verify_locations(self._server.ca_file)
        return context


def no_mail(mail: EmailMessage) -> Answer:  # noqa: ARG001 - as `SendMail` has it
    """Send nothing: no server is set. See `SendMail`."""
    return Answer(fault="no server for e-mails: set SHOPTHREAD_CLOUD_SMTP_HOST and SHOPTHREAD_CLOUD_SMTP_FROM")


def _told(code: int, text: bytes | str) -> str:
    said = text.decode(errors="replace") if isinstance(text, bytes) else text
    return f"the mail server answered {code} {said}"[:_SHOWN_CHARS]
