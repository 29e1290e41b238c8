"""Errors as RFC 9457 problem documents: what was wrong, and what to do."""

from http import HTTPStatus

import msgspec
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from sqlalchemy.exc import OperationalError
from starlette.exceptions import HTTPException

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

    def on_problem(_request: Request, error: Exception) -> Response:
        if not isinstance(error, ProblemError):
            raise error
        return problem_response(error)

    def on_invalid(_request: Request, error: Exception) -> Response:
        if not isinstance(error, RequestValidationError):
            raise error
        faults = [f"{'.'.join(str(part) for part in fault['loc'])}: {fault['msg']}" for fault in error.errors()]
        problem = ProblemError(
            HTTPStatus.UNPROCESSABLE_ENTITY, "invalid-request", "Invalid request", "; ".join(faults) or "unreadable"
        )
        return problem_response(problem)

    def on_http(request: Request, error: Exception) -> Response:
        if not isinstance(error, HTTPException):
            raise error
        status = HTTPStatus(error.status_code)
        detail = f"{request.method} {request.url.path}: {error.detail}; the endpoints are listed at /openapi.json"
        return problem_response(ProblemError(status, status.phrase.lower().replace(" ", "-"), status.phrase, detail))

    def on_database(_request: Request, error: Exception) -> Response:
        cause = getattr(error, "orig", error)
        detail = f"the database is not available now ({cause}); send the same request again in {RETRY_AFTER_S} s"
        busy = ProblemError(HTTPStatus.SERVICE_UNAVAILABLE, "database-unavailable", "Database unavailable", detail)
        return problem_response(busy)

    app.add_exception_handler(ProblemError, on_problem)
    app.add_exception_handler(RequestValidationError, on_invalid)
    app.add_exception_handler(HTTPException, on_http)
    app.add_exception_handler(OperationalError, on_database)
