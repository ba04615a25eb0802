"""Every operation of every service, asked by everybody: who comes in is what the OpenAPI document says, and
every answer has the headers that Mozilla's Observatory gives an A+ for.

Nothing here names an operation. A new route is tried as soon as it is in the document; a path parameter that
nobody made an object for fails with the name of the file to make it in.
"""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import httpx
import pytest
import pytest_asyncio
from doors.samples import address, body, query
from embedded.house import SERVICES
from harness import at_work
from observatory import is_safe
from shared.app import create_app
from shared.auth import development_token
from shared.db import uuid7
from shared.routes import every_route
from shared.service import Running, Service

ORDER = ("get", "head", "post", "put", "patch", "delete")  # what takes away comes last
STALE = {"If-Match": '"999999999"', "X-Requested-With": "callboard"}  # lets a caller in and changes nothing
BROKEN = b'{"broken": '

ROLES: dict[str, tuple[str, ...]] = {
    "anonymous": (),
    "customer": ("customer",),
    "customer.admin": ("customer.admin",),
    "customer of another household": ("customer",),
    "customer.admin of another household": ("customer.admin",),
    "technician": ("technician",),
    "dispatcher": ("office.dispatcher",),
    "admin": ("office.admin",),
    "program without scope": ("office.admin",),
    "program with the scope": ("office.admin",),
}


@dataclass
class House:
    """A service at work, its document, and `make`, which makes one of everything that its paths name."""

    running: Running[Any]
    app: Any
    document: dict[str, Any]
    make: Any

    def operations(self) -> list[tuple[str, str, dict[str, Any]]]:
        paths = self.document["paths"].items()
        every = [(path, method, found) for path, methods in paths for method, found in methods.items()]
        return sorted(every, key=lambda each: (ORDER.index(each[1]), each[0]))


@pytest_asyncio.fixture(
    scope="module", loop_scope="module", params=SERVICES, ids=lambda service: service.name
)
async def house(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncGenerator[House]:
    service: Service = request.param
    url = f"sqlite+aiosqlite:///{tmp_path_factory.mktemp('doors')}/doors.db"
    objects = import_module(f"doors.{service.package}_objects")
    async with at_work(service, url, **getattr(objects, "SETTINGS", {})) as running:
        app = create_app(running, loops=False)
        yield House(running, app, app.openapi(), objects.make)


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("who", ROLES)
async def test_who_comes_in_is_what_the_document_says(house: House, who: str) -> None:
    known = await house.make(house.running)
    wrong: list[str] = []
    tried = 0
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(house.app), base_url="http://callboard.test"
    ) as http:
        for path, method, operation in house.operations():
            tried += 1
            for objects in (known, _foreign(known)):
                wrong += await _try(http, house, who, path, method, operation, objects, own=objects is known)
    assert tried == sum(map(len, house.document["paths"].values())) >= 3
    assert not wrong, "\n".join(wrong)


@pytest.mark.asyncio(loop_scope="module")
async def test_no_route_and_no_role_is_left_out(house: House) -> None:
    """The pages of the documentation show what everybody may read."""
    routes = {(route.path_format, way.lower()) for route in every_route(house.app) for way in route.methods}
    documented = {(path, method) for path, method, _ in house.operations()}
    assert {path for path, _ in routes - documented} <= {"/docs", "/docs/start.js"}
    tried = {role for roles in ROLES.values() for role in roles}
    assert {role for _, _, each in house.operations() for role in each["x-roles"]} <= {*tried, "anyone"}


async def _try(
    http: httpx.AsyncClient,
    house: House,
    who: str,
    path: str,
    method: str,
    operation: dict[str, Any],
    objects: dict[str, str],
    *,
    own: bool,
) -> list[str]:
    name = house.running.name
    filled = address(path, objects, name)
    if not own and filled == path:
        return []
    whole = body(operation, house.document)
    headers = {**STALE, **_signed_in(who, operation, objects), **whole.pop("headers", {})}
    asked = {"params": query(operation, house.document, objects), "headers": headers}
    refusal = _refusal(who, operation)
    if not refusal and "text/event-stream" in operation["responses"].get("200", {}).get("content", ()):
        with pytest.raises(TimeoutError):  # let in: it listens without an end
            await asyncio.wait_for(http.request(method, filled, **asked), 0.5)
        return []
    answer = await http.request(method, filled, **asked, **whole)
    is_safe(answer, f"{method.upper()} {path}", public=operation["x-roles"] == ["anyone"])
    wrong = _judge(answer.status_code, refusal, operation, path=path, method=method, own=own, who=who)
    if refusal and "requestBody" in operation:  # a refused caller learns nothing of what would fit
        asked["headers"] = {**headers, "Content-Type": "application/json"}
        broken = await http.request(method, filled, content=BROKEN, **asked)
        wrong = wrong or (f"{refusal} also for a broken body" if broken.status_code != refusal else "")
    whose = "own" if own else "foreign"
    said = f"{answer.status_code} {answer.text[:120]}"
    return [f"{method.upper()} {path} ({whose}): expected {wrong}, got {said}"] if wrong else []


def _refusal(who: str, operation: dict[str, Any]) -> int:
    """401 or 403; 0 for a caller who comes in."""
    roles = operation["x-roles"]
    if roles == ["anyone"]:
        return 0
    if who == "anonymous":
        return 401
    if set(roles).isdisjoint(ROLES[who]):
        return 403
    if who.startswith("program"):
        return 0 if who == "program with the scope" and "x-scope" in operation else 403
    return 0


def _judge(
    status: int, refusal: int, operation: dict[str, Any], *, path: str, method: str, own: bool, who: str
) -> str:
    """What was expected instead; empty where all is well."""
    if refusal:
        return "" if status == refusal else str(refusal)
    if operation["x-roles"] == ["anyone"]:
        if "401" in operation["responses"]:  # it needs a session, a ticket or a secret, and no token is one
            return "" if 400 <= status < 500 else "a refusal"
        return "" if status < 500 and status not in (403, 405) else "an answer to anybody"
    if status in (401, 403, 405) or status >= 500:
        return "to be let in"
    elsewhere = "{" in path and (not own or "another" in who)
    if elsewhere and (method == "get" or not _chosen_by_the_office(operation)):
        return "" if status == 404 else "404"
    if method == "get" and "another" not in who:
        return "" if status == 200 else "200"
    return ""


def _chosen_by_the_office(operation: dict[str, Any]) -> bool:
    """The path names a word and no id: under one that is free, a PUT makes something new."""
    inside = [each["schema"] for each in operation.get("parameters", []) if each["in"] == "path"]
    return any(schema.get("format") != "uuid" for schema in inside)


def _signed_in(who: str, operation: dict[str, Any], objects: dict[str, str]) -> dict[str, str]:
    if who == "anonymous":
        return {}
    subject = objects.get(f"@{who}", "tester")
    scopes: dict[str, Any] = {}
    if who.startswith("program"):
        scopes = {"scopes": [operation.get("x-scope", "")] if who.endswith("with the scope") else []}
    return {"Authorization": f"Bearer {development_token(ROLES[who], subject, **scopes)}"}


def _foreign(known: dict[str, str]) -> dict[str, str]:
    """The same, but what a path names is nobody's here."""
    return {key: str(uuid7()) if key.startswith("/") else value for key, value in known.items()}
