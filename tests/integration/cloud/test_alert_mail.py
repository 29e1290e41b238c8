"""E-mails about alerts reach a real SMTP server, encrypted, or wait for it."""

import socket
import ssl
import subprocess
from collections.abc import Iterator
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest
from msgspec.structs import replace

pytest.importorskip("aiosmtpd", reason="aiosmtpd is not installed: make .venv/.dev-installed")
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from cloud.app import create_app, make_alert_sender
from cloud.config import ConfigError, load_settings
from tests.integration.cloud.alert_watch import HOUR_MS, Watch, add_channel, silence
from tests.integration.cloud.client import Client
from tests.integration.cloud.support import STORE, NewCloud, Shop, serving


class Mailbox:
    """Takes e-mails, or refuses them."""

    def __init__(self) -> None:
        self.got: list[Envelope] = []
        self.refusals: list[str] = []
        self.signed_in: list[str] = []

    async def handle_DATA(  # noqa: N802 - as the server calls it
        self, _server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        self.got.append(envelope)
        return "250 taken"

    async def handle_RCPT(  # noqa: N802 - as the server calls it
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if self.refusals:
            return self.refusals.pop(0)
        envelope.rcpt_tos.append(address)
        return "250 known"

    def authenticate(
        self, _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, sent: LoginPassword
    ) -> AuthResult:
        self.signed_in.append(sent.login.decode())
        return AuthResult(success=sent.password == b"right", handled=False)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ssl.SSLContext]:
    folder = tmp_path_factory.mktemp("tls")
    extensions = ("subjectAltName=IP:127.0.0.1", "keyUsage=critical,digitalSignature,keyCertSign")
    added = [part for each in extensions for part in ("-addext", each)]
    made = ("-keyout", str(folder / "key.pem"), "-out", str(folder / "ca.pem"))
    how = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1")
    subprocess.run(["openssl", "req", "-x509", *how, *made, *added], check=True, capture_output=True)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(folder / "ca.pem", folder / "key.pem")
    return folder / "ca.pem", context


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(params=["starttls", "tls"])
def mail(
    request: pytest.FixtureRequest, certificate: tuple[Path, ssl.SSLContext], new_cloud: NewCloud, tmp_path: Path
) -> Iterator[tuple[Watch, Mailbox]]:
    """Return a cloud with an SMTP server that insists on encryption and a password."""
    ca_file, context = certificate
    mailbox = Mailbox()
    # This server takes a password only over STARTTLS to be encrypted; over TLS from the start it is told not to mind.
    encrypted: dict[str, object] = {
        "starttls": {"tls_context": context, "require_starttls": True, "auth_required": True},
        "tls": {"ssl_context": context, "auth_require_tls": False},
    }[request.param]
    port = free_port()
    server = Controller(mailbox, hostname="127.0.0.1", port=port, authenticator=mailbox.authenticate, **encrypted)  # type: ignore[arg-type]  # one of the two
    server.start()
    password = tmp_path / "password"
    password.write_text("right\n")
    cloud = new_cloud()
    cloud.settings = replace(
        cloud.settings,
        smtp_host="127.0.0.1",
        smtp_port=port,
        smtp_security=request.param,
        smtp_from="alerts@shop.example",
        smtp_user="cloud",
        smtp_password_file=str(password),
        smtp_ca_file=str(ca_file),
    )
    with serving(create_app(cloud.settings, cloud.clock, cloud.token, runs_projections=False)) as http:
        yield Watch(Client(http, cloud)), mailbox
    server.stop()


def test_an_email_comes_encrypted_and_again_after_a_refusal(mail: tuple[Watch, Mailbox], shop: Shop):
    watch, mailbox = mail
    channel = add_channel(watch, kind="email", target="ana@shop.example", language="zh")
    assert channel["secret"] is None
    for target in ("a b", "ana", "an\u00e0@shop.example", "ana@", "<a@b.example>", "a@b.example "):
        body = {"name": "c", "kind": "email", "target": target}
        bad = watch.client.http.post("/v1/alert-channels", json=body, headers=watch.client.headers)
        assert (bad.status_code, "ana@example.com" in bad.json()["detail"]) == (422, True)
    alert = silence(watch, shop, channels=[channel["id"]], name="Camera gone")
    mailbox.refusals = ["451 greylisted, come back"]
    sender = make_alert_sender(watch.cloud.settings, watch.cloud.database, watch.cloud.clock)
    assert sender.step()
    path = f"/v1/alert-channels/{channel['id']}/deliveries"
    (waiting,) = watch.client.get(path)["items"]
    assert (waiting["state"], waiting["status"], waiting["fault"]) == (
        "pending", 451, "the mail server answered 451 greylisted, come back",
    )  # fmt: skip
    watch.cloud.now_ms += 5000
    assert sender.step()
    (taken,) = mailbox.got
    assert taken.rcpt_tos == ["ana@shop.example"]
    read = message_from_bytes(bytes(taken.original_content or b""), policy=default)
    assert read["Subject"].endswith(f"Camera gone, {STORE} cam-1")
    assert read["Message-ID"] == f"<alert_{alert['id']}_opened@shop.example>"
    assert "\u6444\u50cf\u5934" in read.get_content()
    assert mailbox.signed_in == ["cloud", "cloud"]
    (delivered,) = watch.client.get(path)["items"]
    assert (delivered["state"], delivered["status"]) == ("delivered", 250)


@pytest.mark.parametrize("mail", ["starttls"], indirect=True)
def test_a_mail_server_that_cannot_be_trusted_gets_nothing(mail: tuple[Watch, Mailbox], shop: Shop, tmp_path: Path):
    watch, mailbox = mail
    channel = add_channel(watch, kind="email", target="ana@shop.example")
    silence(watch, shop, channels=[channel["id"]])
    wrong = tmp_path / "wrong"
    wrong.write_text("wrong")
    settings = watch.cloud.settings
    faults = []
    for changed in (
        replace(settings, smtp_ca_file=None),
        replace(settings, smtp_security="none", smtp_user=None, smtp_password_file=None),
        replace(settings, smtp_password_file=str(wrong)),
        replace(settings, smtp_password_file=str(tmp_path / "missing")),
        replace(settings, smtp_host=None),
    ):
        assert make_alert_sender(changed, watch.cloud.database, watch.cloud.clock).step()
        (tried,) = watch.client.get(f"/v1/alert-channels/{channel['id']}/deliveries")["items"]
        faults.append(tried["fault"])
        watch.cloud.now_ms += 24 * HOUR_MS
    assert "CERTIFICATE_VERIFY_FAILED" in faults[0]
    assert faults[1].startswith(("the mail server answered 530", "SMTPServerDisconnected"))
    assert "535" in faults[2]
    assert "FileNotFoundError" in faults[3]
    assert "SHOPTHREAD_CLOUD_SMTP_HOST" in faults[4]
    assert mailbox.got == []


@pytest.mark.parametrize(
    ("environ", "named"),
    [
        ({"SHOPTHREAD_CLOUD_SMTP_HOST": "mail.example"}, "smtp_from"),
        (
            {
                "SHOPTHREAD_CLOUD_SMTP_HOST": "m",
                "SHOPTHREAD_CLOUD_SMTP_FROM": "a@b.example",
                "SHOPTHREAD_CLOUD_SMTP_USER": "u",
            },
            "smtp_password_file",
        ),
        (
            {
                "SHOPTHREAD_CLOUD_SMTP_HOST": "m",
                "SHOPTHREAD_CLOUD_SMTP_FROM": "a@b.example",
                "SHOPTHREAD_CLOUD_SMTP_USER": "u",
                "SHOPTHREAD_CLOUD_SMTP_PASSWORD_FILE": "p",
                "SHOPTHREAD_CLOUD_SMTP_SECURITY": "none",
            },
            "smtp_security must be starttls or tls",
        ),
    ],
)
def test_a_mail_server_that_is_set_wrongly_is_named(environ: dict[str, str], named: str):
    with pytest.raises(ConfigError, match=named):
        load_settings(environ, {})
