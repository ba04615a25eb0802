"""What browsers are told by every kind of answer, with the points that Mozilla's Observatory would give."""

import re
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import httpx
import pytest
from embedded.house import SERVICES
from embedded.serve import listening, serving
from harness import at_work, client
from observatory import is_safe, score
from people import PASSWORD, browser, new_staff, portal
from shared.app import create_app
from shared.service import Running, Service

ASKED = {
    "json": ("GET", "/healthz", 200),
    "unknown": ("GET", "/nothing/here", 404),
    "other method": ("PUT", "/healthz", 405),
    "the document": ("GET", "/openapi.json", 200),
    "numbers": ("GET", "/metrics", 200),
    "page": ("GET", "/docs", 200),
    "script": ("GET", "/docs/start.js", 200),
    "file": ("GET", "/docs/assets/swagger-ui.css", 200),
}


@pytest.fixture(params=SERVICES, ids=lambda service: service.name)
async def running(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncGenerator[Running[Any]]:
    service: Service = request.param
    async with at_work(service, f"sqlite+aiosqlite:///{tmp_path}/doors.db") as found:
        yield found


async def test_every_kind_of_answer_gets_an_a_plus(running: Running[Any]) -> None:
    """At a real socket, since the server has headers of its own."""
    app = create_app(running, loops=False)
    with listening("127.0.0.1", 0) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        async with serving(app, listener), httpx.AsyncClient(base_url=url) as http:
            for kind, (method, path, status) in ASKED.items():
                answer = await http.request(method, path)
                assert answer.status_code == status, path
                is_safe(answer, kind)


async def test_refusals_get_an_a_plus(running: Running[Any]) -> None:
    path = next(path for path, found in create_app(running).openapi()["paths"].items() if _guarded(found))
    path = re.sub(r"\{\w+\}", "1", path)
    for roles, status in (((), 401), (("nobody",), 403)):
        async with client(running, *roles) as http:
            answer = await http.get(path)
            assert answer.status_code == status
            is_safe(answer, str(status))


def _guarded(operations: dict[str, Any]) -> bool:
    return operations.get("get", {}).get("x-roles", ["anyone"]) != ["anyone"]


async def test_cookies_are_for_this_host_alone(tmp_path: Path) -> None:
    async with portal(f"sqlite+aiosqlite:///{tmp_path}/portal.db") as run:
        await new_staff(run)
        async with browser(run) as person:
            answer = await person.post(
                "/v1/session", json={"user_name": "anna@contractor.example", "password": PASSWORD}
            )
            assert answer.status_code == 200, answer.text
            is_safe(answer, "logon")
            lines = answer.headers.get_list("set-cookie")
            assert lines
            for line in lines:
                assert re.match(r"__Host-[\w-]+=", line)
                assert all(part in line.lower() for part in ("secure", "httponly", "samesite=lax", "path=/"))
                assert "domain" not in line.lower()


@pytest.mark.parametrize(
    ("headers", "cookies", "points"),
    [
        ({}, (), 100 - 25 - 20 - 5 - 20),
        ({"content-security-policy": "default-src 'self' 'unsafe-inline'"}, (), 100 - 20 - 20 - 5 - 20),
        (
            {"strict-transport-security": "max-age=60", "x-content-type-options": "nosniff"},
            (),
            100 - 25 - 10 - 20,
        ),
        ({"access-control-allow-origin": "*"}, ("s=1; Secure",), 100 - 25 - 20 - 5 - 20 - 50 - 30),
    ],
)
def test_bad_headers_cost_points(headers: dict[str, str], cookies: tuple[str, ...], points: int) -> None:
    assert score(headers, cookies)[0] == points
