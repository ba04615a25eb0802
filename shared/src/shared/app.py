"""From services to one FastAPI app. Nothing here knows how many of them there are."""

import copy
import gc
import warnings
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import Any

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.routing import APIRoute, request_response
from pydantic.warnings import UnsupportedFieldAttributeWarning
from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.routing import BaseRoute

from shared.auth import ANYONE, Verifier, scope_of
from shared.characters import LONGEST_KEY, refuse_unstorable
from shared.docs import install_docs
from shared.documents import add_problems
from shared.headers import SecureHeaders
from shared.health import health_router
from shared.keys import over_http
from shared.problems import install_problems
from shared.routes import every_route
from shared.service import Running
from shared.transaction import CommitBeforeAnswer, open_work
from shared.turns import urgent

# FastAPI silences this where it builds its models; ours are built later (shared.bodies).
warnings.filterwarnings("ignore", category=UnsupportedFieldAttributeWarning)

MAX_BODY = 1_000_000
"""Bytes of a request; a route that takes more (mails, photos) says so with `max_body_size`."""


def create_app(*services: Running[Any], loops: bool = True, title: str = "Callboard") -> FastAPI:
    """One service makes a deployable app with its relay, consumer and loops; all five make one process."""

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncGenerator[None]:
        async with AsyncExitStack() as stack:
            for running in services:
                await stack.enter_async_context(running.start(loops=loops))
            if loops:
                _settle_memory()
            yield

    app = FastAPI(
        title=title,
        version="1",
        lifespan=lifespan,
        separate_input_output_schemas=False,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,  # the new address would be made of the Host header
    )
    app.state.running = services
    app.state.verifier = _verifier(services)
    install_problems(app)
    install_docs(app)
    _show_roles(health_router)
    app.include_router(health_router)
    for running in services:
        _show_roles(running.service.router)
        _show_keys(running.service.router)
        app.router.routes.extend(_at(running, route) for route in running.service.router.routes)
    app.add_middleware(CommitBeforeAnswer)
    app.add_middleware(SecureHeaders)
    app.openapi = _described(app.openapi)
    return app


def _settle_memory() -> None:
    """What start-up made stays for good, so the collector need not walk it, not even once: that is a tenth of
    the start, and finds 6 MB in all services together. Batches make many short-lived objects, which the
    default thresholds take for leaks (a fifth of a batch's time, measured)."""
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


def _at(running: Running[Any], route: BaseRoute) -> APIRoute:
    """The route as this service answers it. Included, the framework would take each one apart once more at
    the first request: seconds for all of them, and one more dependency to solve with each request."""
    if not isinstance(route, APIRoute):
        raise TypeError("a service's router holds its routes themselves: `router.routes.extend(...)`")
    handler = route.get_route_handler()
    takes_body = route.body_field is not None
    first = getattr(route.endpoint, "first_in_line", False)

    async def answer(request: Request) -> Response:
        request.scope["callboard.running"] = running
        urgent.set(first)
        await refuse_unstorable(request, body=takes_body)
        return await handler(request)

    mine = copy.copy(route)
    longest = MAX_BODY if route.max_body_size is None else route.max_body_size
    mine.app = RequestBodyLimitMiddleware(request_response(answer), longest)
    return mine


def _verifier(services: Sequence[Running[Any]]) -> Verifier:
    """Where the issuer of tokens is in this process, its keys are read without HTTP."""
    url = services[0].settings.jwks_url
    if not url:
        return Verifier()
    for running in services:
        if keys := running.service.signing_keys:
            return Verifier(partial(keys, running))
    return Verifier(over_http(url))


def _described(document: Callable[[], dict[str, Any]]) -> Callable[[], dict[str, Any]]:
    """The OpenAPI document with the scheme that `_SIGNED_IN` names (FastAPI's own way is a dependency that is
    solved at each request), and with the scope that an API client needs."""

    def described() -> dict[str, Any]:
        found = document()
        scheme = {"type": "http", "scheme": "bearer", "description": "An access token."}
        found.setdefault("components", {})["securitySchemes"] = {"HTTPBearer": scheme}
        for path, operations in found["paths"].items():
            for method, operation in operations.items():
                if operation.pop("x-clients", False):
                    operation["x-scope"] = scope_of(method.upper(), path)
        add_problems(found)
        return found

    return described


_SIGNED_IN = {"security": [{"HTTPBearer": []}]}


_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "A new text of yours for each thing that is to happen. Sent again with the same body, it "
    "is answered with what came of the first; with another body it is a 422.",
    "schema": {"type": "string", "maxLength": LONGEST_KEY},
}


def _show_keys(router: APIRouter) -> None:
    """Writes the header into every POST that takes it: those whose transaction keeps the answer, and those
    that say so (`takes_key`) because they keep it in another way."""
    for route in every_route(router):
        calls = {dependency.call for dependency in route.dependant.dependencies}
        roles = next((found for call in calls if (found := getattr(call, "roles", None))), ANYONE)
        kept = open_work in calls and roles != ANYONE
        named = [each for each in (route.openapi_extra or {}).get("parameters", []) if each is not _KEY]
        if "POST" in (route.methods or ()) and (
            kept or any(getattr(call, "takes_key", False) for call in calls)
        ):
            route.openapi_extra = {**(route.openapi_extra or {}), "parameters": [*named, _KEY]}


def _show_roles(router: APIRouter) -> None:
    """Writes the roles of `allow(...)` or `allow_anyone` into the OpenAPI document as `x-roles`."""
    for route in every_route(router):
        for dependency in route.dependant.dependencies:
            roles = getattr(dependency.call, "roles", None)
            if roles:
                clients = getattr(dependency.call, "clients", False)
                signed_in = {} if roles == ANYONE else {"x-clients": clients, **_SIGNED_IN}
                route.openapi_extra = {**(route.openapi_extra or {}), "x-roles": list(roles), **signed_in}
