"""What whoever asks to be told over HTTP gives: an address, and a secret or none."""

from hashlib import sha256

from cloud.context import Context
from cloud.errors import invalid_value
from cloud.webhooks.addresses import RefusedAddressError, check_url
from cloud.webhooks.signature import read_secret, write_secret


def secret_for(context: Context, name: str, url: str, given: str | None) -> str:
    """Return the secret under which a URL is told: the one that was given, or a fresh one.

    Args:
        context: The application's parts.
        name: Of the field that holds the URL, for the problem's text.
        url: Where to send.
        given: A secret, or None for a fresh one.

    Raises:
        ProblemError: 422, the address or the secret cannot be used.
    """
    try:
        check_url(url, allow_private=context.settings.webhook_allow_private)
        secret = given or write_secret(sha256(context.keys.fresh_token().encode()).digest())
        read_secret(secret)
    except RefusedAddressError as error:
        raise invalid_value(name=name, value=url, allowed=str(error)) from error
    except ValueError as error:
        raise invalid_value(name="secret", value="...", allowed=str(error)) from error
    return secret
