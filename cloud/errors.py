"""Errors as RFC 9457 problem documents: what was wrong, and what to do."""

from http import HTTPStatus
from typing import Any

import msgspec
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from sqlalchemy.exc import OperationalError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

PROBLEM_MEDIA_TYPE = "application/problem+json"
_TYPE_PREFIX = "urn:shopthread:problem:"
RETRY_AFTER_S = 2


class Problem(BaseModel):
    """What every error answers with (RFC 9457)."""

    type: str = Field(examples=["urn:shopthread:problem:missing-key"])
    title: str = Field(examples=["No API key"])
    status: int = Field(examples=[401])
    detail: str = Field(examples=["send the header 'Authorization: Bearer KEY'"])


class ProblemError(Exception):
    """A request cannot be served.

    Attributes:
        status: The HTTP status.
        slug: The problem's kind, stable, for machines.
        title: The problem's kind, for people.
        detail: The bad value and the remedy.
    """

    def __init__(self, status: HTTPStatus, slug: str, title: str, detail: str) -> None:
        super().__init__(f"{title}: {detail}")
        self.status = status
        self.slug = slug
        self.title = title
        self.detail = detail


def not_found(noun: str, key: str, remedy: str) -> ProblemError:
    """Return the error for a thing that this tenant does not have."""
    return ProblemError(HTTPStatus.NOT_FOUND, f"{noun}-not-found", f"No such {noun}", f"no {noun} {key!r}; {remedy}")


def invalid_value(name: str, value: object, allowed: str) -> ProblemError:
    """Return the error for a value that is not allowed."""
    detail = f"{name} must be {allowed}, got {value!r}"
    return ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid-value", "Invalid value", detail)


def problem_response(problem: ProblemError) -> Response:
    """Return an error as the HTTP response."""
    body = {
        "type": _TYPE_PREFIX + problem.slug,
        "title": problem.title,
        "status": int(problem.status),
        "detail": problem.detail,
    }
    headers = {}
    if problem.status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = 'Bearer realm="shopthread"'
    if problem.status == HTTPStatus.SERVICE_UNAVAILABLE:
        headers["Retry-After"] = str(RETRY_AFTER_S)
    return Response(msgspec.json.encode(body), int(problem.status), headers, PROBLEM_MEDIA_TYPE)


def add_error_handlers(app: FastAPI) -> None:
    """Make every error of the application answer with a problem document."""

    @app.exception_handler(ProblemError)
    def on_problem(_request: Request, error: ProblemError) -> Response:
        return problem_response(error)

    @app.exception_handler(RequestValidationError)
    def on_invalid(request: Request, error: RequestValidationError) -> Response:
        faults = "; ".join(
            f"{'.'.join(str(part) for part in fault['loc'])}: {fault['msg']}" for fault in error.errors()
        )
        if "json" not in request.headers.get("content-type", "json"):
            faults += "; send a body with the header 'Content-Type: application/json'"
        status = HTTPStatus.UNPROCESSABLE_ENTITY
        return problem_response(ProblemError(status, "invalid-request", "Invalid request", faults))

    @app.exception_handler(HTTPException)
    def on_http(request: Request, error: HTTPException) -> Response:
        status = HTTPStatus(error.status_code)
        detail = str(error.detail)
        if status in {HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED}:
            detail = f"there is no {request.method} {request.url.path}; the endpoints are listed at /openapi.json"
        return problem_response(ProblemError(status, status.phrase.lower().replace(" ", "-"), status.phrase, detail))

    @app.exception_handler(OperationalError)
    def on_database(_request: Request, error: OperationalError) -> Response:
        detail = f"the database says: {str(error.orig).strip()}; send the same request again in {RETRY_AFTER_S} s"
        status = HTTPStatus.SERVICE_UNAVAILABLE
        return problem_response(ProblemError(status, "database-unavailable", "Database unavailable", detail))

    @app.exception_handler(ClientDisconnect)
    def on_cut(request: Request, _error: ClientDisconnect) -> Response:
        """Answer, though nobody hears it: a line that breaks in the middle of a request is no fault to be logged."""
        detail = f"{request.method} {request.url.path} was cut off in its body; send it again"
        return problem_response(ProblemError(HTTPStatus.BAD_REQUEST, "cut-off", "Request cut off", detail))

    @app.exception_handler(Exception)
    def on_fault(request: Request, _error: Exception) -> Response:
        detail = f"{request.method} {request.url.path} met a fault of the service; its log tells which"
        return problem_response(ProblemError(HTTPStatus.INTERNAL_SERVER_ERROR, "fault", "Fault of the service", detail))


async def refuse_nul(request: Request) -> None:
    """Refuse a NUL character in a path or a query: no name or id has one, and PostgreSQL's text cannot hold it.

    A coroutine, so that it costs no hop to a thread.

    Raises:
        ProblemError: 422, there is one.
    """
    for name, value in (*request.path_params.items(), *request.query_params.multi_items()):
        if "\0" in str(value):
            raise invalid_value(name, value, "free of NUL characters")


def describe_problems(document: dict[str, Any]) -> dict[str, Any]:
    """Return an OpenAPI document in which every error answers with a problem document, as they do."""
    content = {PROBLEM_MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    for operations in document["paths"].values():
        for operation in operations.values():
            for status, response in operation["responses"].items():
                if int(status) >= HTTPStatus.BAD_REQUEST:
                    response["content"] = content
                if response["description"] == "Validation Error":
                    response["description"] = "A value is not allowed; the detail names it"
    for unused in ("HTTPValidationError", "ValidationError"):
        document["components"]["schemas"].pop(unused, None)
    return document
