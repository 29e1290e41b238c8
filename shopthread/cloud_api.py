"""Sends what a command has read to the cloud's API."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

_TIMEOUT_S = 60.0
_SHOWN_CHARS = 500


class CloudRefusedError(Exception):
    """The cloud did not take something; the message is its own. Everything before it was taken."""


@contextmanager
def cloud_client(url: str, api_key_file: Path | None, *scopes: str) -> Iterator[httpx.Client]:
    """Open a client with the cloud's address and a key.

    Args:
        url: The cloud.
        api_key_file: Where the key lies.
        scopes: What the key must be for; named where there is none.

    Raises:
        ValueError: There is no file.
        OSError: It cannot be read.
    """
    if api_key_file is None:
        made = "".join(f" --scope {scope}" for scope in scopes)
        msg = f"--apply needs --api-key-file: a key that 'shopthread cloud create-key{made}' made"
        raise ValueError(msg)
    key = api_key_file.read_text(encoding="utf-8").strip()
    with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {key}"}, timeout=_TIMEOUT_S) as client:
        yield client


def get(client: httpx.Client, path: str) -> Any:  # noqa: ANN401 - JSON of any form
    """Return what the cloud answers.

    Raises:
        CloudRefusedError: The cloud refused it or cannot be reached.
    """
    return _ask(client, "GET", path)


def post(client: httpx.Client, path: str, body: dict[str, object]) -> dict[str, Any]:
    """Send a body and return the answer.

    Raises:
        CloudRefusedError: The cloud refused it or cannot be reached.
    """
    answered: dict[str, Any] = _ask(client, "POST", path, body)
    return answered


def put(client: httpx.Client, path: str, body: dict[str, object]) -> dict[str, Any]:
    """Set something and return the answer.

    Raises:
        CloudRefusedError: The cloud refused it or cannot be reached.
    """
    answered: dict[str, Any] = _ask(client, "PUT", path, body)
    return answered


def _ask(client: httpx.Client, method: str, path: str, body: dict[str, object] | None = None) -> Any:  # noqa: ANN401 - JSON of any form
    try:
        answer = client.request(method, path, json=body)
    except httpx.HTTPError as error:
        msg = f"{client.base_url} cannot be reached: {error}; send the same file again, what was taken is a no-op"
        raise CloudRefusedError(msg) from error
    if answer.is_error:
        msg = f"{answer.url} answered {answer.status_code}: {_detail(answer)}"
        raise CloudRefusedError(msg)
    try:
        return answer.json()
    except ValueError as error:
        msg = f"{answer.url} answered with something else than JSON: is it the cloud's address?"
        raise CloudRefusedError(msg) from error


def _detail(answer: httpx.Response) -> str:
    """Return what a problem document (RFC 9457) says, of any other answer its beginning."""
    try:
        return str(answer.json()["detail"])
    except (ValueError, KeyError, TypeError):
        return answer.text[:_SHOWN_CHARS]
