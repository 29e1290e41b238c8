"""What the service says of requests that cannot be served."""

import asyncio
from typing import Any

import msgspec
from fastapi import FastAPI, Request

from cloud.errors import add_error_handlers


def test_a_request_that_is_cut_off_is_no_fault_of_the_service():
    app = FastAPI()
    add_error_handlers(app)

    @app.post("/v1/events")
    async def take(request: Request) -> None:
        await request.body()

    came: list[dict[str, Any]] = [
        {"type": "http.request", "body": b"half", "more_body": True},
        {"type": "http.disconnect"},
    ]
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return came.pop(0)

    async def send(message: Any) -> None:  # noqa: ANN401 - as the server takes it
        sent.append(message)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "method": "POST",
        "path": "/v1/events",
        "query_string": b"",
        "headers": [(b"content-length", b"1000")],
    }
    asyncio.run(app(scope, receive, send))  # raises what the server would log as a fault
    assert sent[0]["status"] == 400
    assert "cut off" in msgspec.json.decode(sent[1]["body"])["detail"]
