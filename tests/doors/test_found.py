"""What Schemathesis found at the doors, each plainly."""

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest
from harness import at_work, client
from payments.service import service as payments
from people import portal
from portal import household
from shared.app import create_app
from shared.documents import add_problems
from shared.service import Running


@pytest.fixture
async def run(tmp_path: Path) -> AsyncGenerator[Running[Any]]:
    async with portal(f"sqlite+aiosqlite:///{tmp_path}/doors.db") as running:
        yield running


async def test_a_visit_that_is_not_there_has_no_windows(run: Running[Any]) -> None:
    pat, path = await household(run), "/v1/me/windows"
    async with pat.door(run) as http:
        answer = await http.get(path, params={"instead_of": str(pat.account_id)})
    assert answer.status_code == 404
    assert "404" in create_app(run, loops=False).openapi()["paths"][path]["get"]["responses"]


async def test_a_broken_if_match_is_a_broken_request(run: Running[Any]) -> None:
    pat = await household(run)
    async with pat.door(run) as http:
        for broken in ("", "1-1"):
            answer = await http.patch("/v1/me/record", json={"name": "Pat"}, headers={"If-Match": broken})
            assert answer.status_code == 422


async def test_what_may_be_asked_is_said_of_the_path_itself(run: Running[Any]) -> None:
    async with client(run, "office.admin") as office:
        answer = await office.options("/v1/message-templates/invitation/preview")
        assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
        assert (await office.put("/v1/message-templates/status:A/test", json={})).status_code == 405
        answer = await office.options("/v1/message-templates/status:On%20the%20way%2Flate")
        assert answer.headers["allow"] == "DELETE, GET, PUT"


async def test_what_no_gateway_signed_is_refused_as_documented(tmp_path: Path) -> None:
    path = "/v1/gateway-webhooks/{gateway}"
    async with at_work(payments, f"sqlite+aiosqlite:///{tmp_path}/doors.db") as running:
        async with client(running) as http:
            assert (await http.post(path.format(gateway="sandbox"), json={})).status_code == 400
        documented = create_app(running, loops=False).openapi()["paths"][path]["post"]
    assert documented["responses"].keys() >= {"200", "400", "413"}
    assert "requestBody" in documented


def test_no_schema_takes_the_name_of_what_every_refusal_is() -> None:
    document: dict[str, Any] = {"paths": {}, "components": {"schemas": {"Problem": {"type": "object"}}}}
    with pytest.raises(ValueError, match="Problem"):
        add_problems(document)
