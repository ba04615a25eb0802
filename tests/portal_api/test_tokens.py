"""Access tokens at the door: who gets one, what it opens, and what ends it."""

import base64
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from harness import at_work, client
from portal_api.flows.tokens import issue
from portal_api.models.tokens import api_client
from portal_api.queries.keys import key_set
from portal_api.service import service
from shared.auth import ADMIN, Verifier
from shared.service import Running
from shared.tables import audit, idempotency
from sqlalchemy import select

NEW = {
    "name": "Board on the wall",
    "roles": ["office.dispatcher"],
    "scopes": ["dispatches:read", "mails:read"],
}


async def made(run: Running[Any], **changes: Any) -> dict[str, Any]:
    async with client(run, *ADMIN) as office:
        answer = await office.post("/v1/api-clients", json={**NEW, **changes})
        assert answer.status_code == 201, answer.text
        return answer.json()


async def token(run: Running[Any], form: Any, **options: Any) -> httpx.Response:
    async with client(run) as http:
        return await http.post("/v1/oauth/token", data=form, **options)


def credentials(made: dict[str, Any]) -> dict[str, str]:
    grant = {"grant_type": "client_credentials"}
    return {**grant, "client_id": made["id"], "client_secret": made["client_secret"]}


async def principal(run: Running[Any], token: str) -> Any:
    """What a service takes the token for that fetches the keys just now."""
    return await Verifier(lambda: key_set(run)).principal(token)


async def test_a_client_gets_a_token_for_its_secret(run: Running[Any]) -> None:
    program = await made(run)
    answer = await token(run, credentials(program))
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    found = answer.json()
    assert (found["token_type"], found["expires_in"]) == ("Bearer", 900)
    assert found["scope"] == "dispatches:read mails:read"
    who = await principal(run, found["access_token"])
    assert who.subject == program["id"]
    assert who.roles == {"office.dispatcher"}
    assert who.scopes == {"dispatches:read", "mails:read"}


async def test_basic_credentials_and_fewer_scopes(embedded: Running[Any]) -> None:
    program = await made(embedded)
    pair = f"{quote(program['id'])}:{quote(program['client_secret'])}".encode()
    headers = {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}
    form = {"grant_type": "client_credentials", "scope": "mails:read"}
    answer = await token(embedded, form, headers=headers)
    assert answer.json()["scope"] == "mails:read"
    assert (await principal(embedded, answer.json()["access_token"])).scopes == {"mails:read"}


@pytest.mark.parametrize(
    ("changed", "status", "error"),
    [
        ({"client_secret": "cbs_wrong"}, 401, "invalid_client"),
        ({"client_id": "nobody"}, 401, "invalid_client"),
        ({"client_id": "00000000-0000-0000-0000-000000000000"}, 401, "invalid_client"),
        ({"client_id": None}, 401, "invalid_client"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"grant_type": None}, 400, "invalid_request"),
        ({"scope": "mails:write"}, 400, "invalid_scope"),
        ({"scope": ["mails:read", "mails:read"]}, 400, "invalid_request"),
    ],
)
async def test_refusals_are_those_of_the_rfc(
    embedded: Running[Any], changed: dict[str, Any], status: int, error: str
) -> None:
    form = {key: value for key, value in {**credentials(await made(embedded)), **changed}.items() if value}
    answer = await token(embedded, form)
    assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-type"] == "application/json"
    assert ("www-authenticate" in answer.headers) == (status == 401)


async def test_a_body_that_is_no_form_is_refused(embedded: Running[Any]) -> None:
    async with client(embedded) as http:
        form = credentials(await made(embedded))
        answers = [
            await http.post("/v1/oauth/token", json=form),
            await http.post("/v1/oauth/token", data={**form, "more": "x" * 9000}),
            await http.post("/v1/oauth/token", data=form, headers={"Authorization": "Basic eDp5"}),
            await http.post(
                "/v1/oauth/token",
                content=b"grant_type=%FF\xff",
                headers={"Content-Type": "application/x-www-form-urlencoded"},
            ),
        ]
    assert [(each.status_code, each.json()["error"]) for each in answers] == [(400, "invalid_request")] * 4


async def test_failures_are_throttled_but_the_right_secret_comes_in(embedded: Running[Any]) -> None:
    form = credentials(await made(embedded))
    async with client(embedded) as http:
        wrong = [await http.post("/v1/oauth/token", data={**form, "client_secret": "x"}) for _ in range(31)]
        assert {each.status_code for each in wrong[:30]} == {401}
        assert wrong[30].status_code == 429
        assert 1 <= int(wrong[30].headers["retry-after"]) <= 61
        assert (await http.post("/v1/oauth/token", data=form)).status_code == 200


async def test_a_client_needs_the_scope_beside_the_role(tmp_path: Any) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path}/portal-api.db"
    async with at_work(service, url, jwks_url="/v1/jwks") as run:
        async with run.work() as work:
            seconds = {"seconds": 60, "roles": ADMIN}
            person = await issue(work, subject="a person", **seconds)
            program = await issue(work, subject="a program", scopes=["signing-keys:read"], **seconds)
        async with client(run) as http:
            for path, who, status in (
                ("/v1/signing-keys", person, 200),
                ("/v1/signing-keys", program, 403),  # for people alone
                ("/v1/api-clients", program, 403),
            ):
                answer = await http.get(path, headers={"Authorization": f"Bearer {who}"})
                assert answer.status_code == status, answer.text


async def test_a_secret_is_shown_once_and_kept_as_a_hash(run: Running[Any]) -> None:
    program = await made(run)
    secret = program["client_secret"]
    async with client(run, *ADMIN) as office:
        listed = await office.get("/v1/api-clients")
        assert [each["name"] for each in listed.json()["items"]] == [NEW["name"]]
        assert secret not in listed.text
        assert secret not in (await office.get(f"/v1/api-clients/{program['id']}")).text
        refused = await office.post("/v1/api-clients", json=NEW, headers={"Idempotency-Key": "k"})
        assert refused.status_code == 400, "its answer would be kept"
    async with run.database.read() as read:
        for table in (api_client, audit, idempotency):
            assert secret not in repr((await read.execute(select(table))).all())


async def test_a_name_is_taken_until_its_client_is_revoked(run: Running[Any]) -> None:
    program = await made(run)
    async with client(run, *ADMIN) as office:
        assert (await office.post("/v1/api-clients", json=NEW)).status_code == 409
        path = f"/v1/api-clients/{program['id']}"
        assert (await office.delete(path, headers={"If-Match": '"7"'})).status_code == 412
        assert (await office.delete(path, headers={"If-Match": '"1"'})).status_code == 204
        assert (await office.delete(path, headers={"If-Match": '"2"'})).status_code == 409
    assert (await token(run, credentials(program))).json()["error"] == "invalid_client"
    assert (await token(run, credentials(await made(run)))).status_code == 200


async def test_a_secret_is_replaced_with_an_overlap(run: Running[Any]) -> None:
    program = await made(run)
    path = f"/v1/api-clients/{program['id']}"
    async with client(run, *ADMIN) as office:
        answer = await office.post(f"{path}/secrets", json={}, headers={"If-Match": '"1"'})
        assert answer.status_code == 201, answer.text
        newer = answer.json()
        assert newer["client_secret"] != program["client_secret"]
        for each in (program, newer):
            assert (await token(run, credentials(each))).status_code == 200
        body = {"overlap_seconds": 0}
        newest = (await office.post(f"{path}/secrets", json=body, headers={"If-Match": '"2"'})).json()
        assert (await office.get(path)).json()["last_used_at"] is not None
    states = [(await token(run, credentials(each))).status_code for each in (program, newer, newest)]
    assert states == [401, 401, 200]


@pytest.mark.parametrize(
    "wrong",
    [
        {"roles": ["customer"]},
        {"roles": []},
        {"scopes": ["everything"]},
        {"scopes": []},
        {"name": " "},
        {"secret": "mine"},
    ],
)
async def test_a_client_that_makes_no_sense_is_refused(embedded: Running[Any], wrong: dict[str, Any]) -> None:
    async with client(embedded, *ADMIN) as office:
        assert (await office.post("/v1/api-clients", json={**NEW, **wrong})).status_code == 422


async def test_only_administrators_look_after_clients_and_keys(embedded: Running[Any]) -> None:
    async with client(embedded, "office.dispatcher") as http:
        for path in ("/v1/api-clients", "/v1/signing-keys"):
            assert (await http.get(path)).status_code == 403
            assert (await http.post(path, json={})).status_code == 403


async def test_pages_of_clients(embedded: Running[Any]) -> None:
    names = [(await made(embedded, name=f"Program {number}"))["name"] for number in range(3)]
    async with client(embedded, *ADMIN) as office:
        first = (await office.get("/v1/api-clients", params={"limit": 2})).json()
        rest = (await office.get("/v1/api-clients", params={"limit": 2, "cursor": first["next"]})).json()
        assert [each["name"] for each in (*first["items"], *rest["items"])] == names[::-1]
        assert rest["next"] is None
        assert (await office.get("/v1/api-clients", params={"cursor": "W251bGxd"})).status_code == 422
