"""Errors as RFC 9457 problem documents: what is wrong and what to do, never the input itself."""

from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from shared.routes import methods_of

REFUSALS = frozenset((401, 403, 429))
"""For want of a right: each leaves a trace (shared.refusals)."""


class Problem(Exception):
    """A refusal that the caller can act on. `extra` members go into the document as they are."""

    def __init__(self, status: int, title: str, detail: str | None = None, **extra: Any) -> None:
        super().__init__(title)
        self.status, self.title, self.detail, self.extra = status, title, detail, extra
        self.headers: dict[str, str] = {}

    def response(self) -> JSONResponse:
        body = {"title": self.title, "status": self.status, "detail": self.detail, **self.extra}
        return JSONResponse(
            {key: value for key, value in body.items() if value is not None},
            status_code=self.status,
            media_type="application/problem+json",
            headers=self.headers,
        )


def not_found(what: str) -> Problem:
    """404: also for things of other owners, which must look as if they did not exist."""
    return Problem(404, f"No such {what}")


def conflict(title: str, detail: str | None = None, **extra: Any) -> Problem:
    return Problem(409, title, detail, **extra)


def unavailable(title: str = "The database cannot be reached", seconds: int = 5) -> Problem:
    problem = Problem(503, title, f"Nothing was changed. Try again in {seconds} seconds.")
    problem.headers["Retry-After"] = str(seconds)
    return problem


async def _problem(request: Request, error: Problem) -> JSONResponse:
    return _told(request, error)


def _told(request: Request, error: Problem) -> JSONResponse:
    running = request.scope.get("callboard.running")
    if running is not None and error.status in REFUSALS:
        running.refused(request, error.status)
    return error.response()


async def _http(request: Request, error: HTTPException) -> JSONResponse:
    if error.status_code == 400 and (refusal := await _refusal(request)):
        return _told(request, refusal)
    problem = Problem(error.status_code, str(error.detail))
    problem.headers.update(error.headers or {})
    if error.status_code == 405:  # the framework names the methods of the first route alone
        problem.headers["Allow"] = ", ".join(methods_of(request.app, request.scope["path"]))
    return problem.response()


async def _invalid(request: Request, error: RequestValidationError) -> JSONResponse:
    if refusal := await _refusal(request):
        return _told(request, refusal)
    errors = [
        {"pointer": _printable("/" + "/".join(str(step) for step in item["loc"])), "detail": item["msg"]}
        for item in error.errors()
    ]
    return Problem(422, "The request does not fit", errors=errors).response()


async def _refusal(request: Request) -> Problem | None:
    """A body is read before anybody asks who sent it; whoever may not come in must not learn what is wrong
    with it."""
    route = request.scope.get("route")
    for dependency in route.dependant.dependencies if isinstance(route, APIRoute) else ():
        if dependency.call is not None and hasattr(dependency.call, "roles"):
            try:
                await dependency.call(request)
            except Problem as refusal:
                return refusal
    return None


def _printable(pointer: str) -> str:
    """The names in it are the sender's: half of a surrogate pair cannot be sent back."""
    return pointer[:200].encode(errors="replace").decode()


def install_problems(app: FastAPI) -> None:
    for error, handler in ((Problem, _problem), (HTTPException, _http), (RequestValidationError, _invalid)):
        app.exception_handler(error)(handler)
