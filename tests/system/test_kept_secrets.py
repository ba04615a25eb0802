"""A secret that is kept goes only where it was entered for: no service sends it elsewhere after an edit that
leaves it out. Whoever may change an address could read it there."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from dispatch.service import service as dispatch
from gateways import ACCOUNTS
from harness import at_work, client
from mail_ingest.schemas import MailboxBody
from mail_ingest.service import service as mail_ingest
from payments.gateways import ACCOUNTS as MODELS
from payments.gateways.accounts import secrets_of
from payments.service import service as payments
from portal_api.schemas.company import CompanyIn
from portal_api.service import service as portal_api
from shared.service import Service

MAILBOX: dict[str, Any] = {
    "name": "AHS",
    "kind": "pop3",
    "host": "127.0.0.1",
    "user": "office@contractor.example",
    "enabled": False,
}
MAILBOX_MOVES: dict[str, Any] = {
    "host": "localhost",
    "port": 995,
    "security": "ssl",
    "user": "other@contractor.example",
    "kind": "imap",
    "ca_file": "/etc/ssl/certs/ca-certificates.crt",
}
MAILBOX_STAYS = {"name": "Other", "poll_seconds": 99, "keep_days": 3, "vendor_id": "1", "folder": "Sub"}
PARTNER: dict[str, Any] = {"url": "http://127.0.0.1:9/", "company_id": "C", "user_id": "u"}
PARTNER_MOVES: dict[str, Any] = {
    "url": "http://127.0.0.1:8/",
    "company_id": "D",
    "user_id": "v",
    "protocol": {"url": "http://127.0.0.1:8/{{ account.password }}", "success": {"accepted": "x"}},
}
COMPANY: dict[str, Any] = {
    "name": "Sample Home Services",
    "zone": "America/Denver",
    "smtp_host": "localhost",
    "smtp_port": 587,
    "smtp_user": "mail@contractor.example",
    "sender_address": "office@contractor.example",
}
COMPANY_MOVES: dict[str, Any] = {
    "smtp_host": "127.0.0.1",
    "smtp_port": 25,
    "smtp_security": "none",
    "smtp_user": "else@contractor.example",
}


@asynccontextmanager
async def office_of(service: Service, folder: Path) -> AsyncGenerator[httpx.AsyncClient]:
    url = f"sqlite+aiosqlite:///{folder}/kept.db"
    async with at_work(service, url) as run, client(run, "office.admin") as http:
        yield http


def refused(answer: httpx.Response, *pointers: str) -> None:
    assert answer.status_code == 422, answer.text
    assert answer.json()["title"].startswith("Enter the")
    assert {each["pointer"] for each in answer.json()["errors"]} == set(pointers)


def tagged(answer: httpx.Response) -> dict[str, str]:
    return {"If-Match": answer.raise_for_status().headers["etag"]}


async def test_of_a_mailbox(tmp_path: Path) -> None:
    async with office_of(mail_ingest, tmp_path) as http:
        made = await http.post("/v1/mailboxes", json=MAILBOX | {"password": "S3cret-mailbox"})
        path = f"/v1/mailboxes/{made.raise_for_status().json()['id']}"
        for name, value in MAILBOX_MOVES.items():
            tag = tagged(await http.get(path))
            refused(await http.put(path, json=MAILBOX | {name: value}, headers=tag), "/body/password")
        for name, value in MAILBOX_STAYS.items():
            tag = tagged(await http.get(path))
            assert (await http.put(path, json=MAILBOX | {name: value}, headers=tag)).is_success, name
        for name, value in MAILBOX_MOVES.items():
            tag = tagged(await http.get(path))
            body = MAILBOX | {name: value, "password": "another"}
            assert (await http.put(path, json=body, headers=tag)).is_success, name
    assert MAILBOX_MOVES.keys() | MAILBOX_STAYS.keys() | MAILBOX.keys() <= MailboxBody.model_fields.keys()


async def test_of_a_partner(tmp_path: Path) -> None:
    async with office_of(dispatch, tmp_path) as http:
        path = "/v1/partner-accounts/ahs"
        body = PARTNER | {"password": "S3cret-partner"}
        assert (await http.put(path, json=body, headers={"If-Match": '"0"'})).is_success
        for name, value in PARTNER_MOVES.items():
            tag = tagged(await http.get(path))
            refused(await http.put(path, json=PARTNER | {name: value}, headers=tag), "/body/password")
        assert (await http.put(path, json=PARTNER, headers=tagged(await http.get(path)))).is_success


@pytest.mark.parametrize("gateway", sorted(MODELS))
async def test_of_a_card_service(gateway: str, tmp_path: Path) -> None:
    """Every field of every form that is no secret, but those that are known to be harmless."""
    model, fields = MODELS[gateway], dict(ACCOUNTS[gateway])
    kept = [f"/body/fields/{name}" for name in secrets_of(model) if fields.get(name)]
    async with office_of(payments, tmp_path) as http:
        made = await http.post(
            "/v1/gateway-accounts", json={"gateway": gateway, "name": gateway, "fields": fields}
        )
        path = f"/v1/gateway-accounts/{made.raise_for_status().json()['id']}"
        for name in model.model_fields.keys() - secrets_of(model) - model.harmless:
            tag = tagged(await http.get(path))
            moved = {name: "http://127.0.0.1:9" if name.endswith("url") else "another"}
            refused(await http.patch(path, json={"fields": moved}, headers=tag), *kept)
            everything = dict.fromkeys(secrets_of(model), "entered again")
            tag = tagged(await http.get(path))
            body = {"fields": moved | everything}
            assert (await http.patch(path, json=body, headers=tag)).is_success, name
        for name in model.harmless:
            tag = tagged(await http.get(path))
            value = "4.5" if name == "version" else "9ANOTHER"
            assert (await http.patch(path, json={"fields": {name: value}}, headers=tag)).is_success
        tag = tagged(await http.get(path))
        assert (await http.patch(path, json={"name": "Other"}, headers=tag)).is_success


async def test_of_the_company_s_mail_server(tmp_path: Path) -> None:
    async with office_of(portal_api, tmp_path) as http:
        body = COMPANY | {"smtp_password": "S3cret-company"}
        assert (await http.put("/v1/company", json=body, headers={"If-Match": '"0"'})).is_success
        for name, value in COMPANY_MOVES.items():
            tag = tagged(await http.get("/v1/company"))
            answer = await http.put("/v1/company", json=COMPANY | {name: value}, headers=tag)
            refused(answer, "/body/smtp_password")
        tag = tagged(await http.get("/v1/company"))
        assert (
            await http.put("/v1/company", json=COMPANY | {"phone": "+15550100100"}, headers=tag)
        ).is_success
    moving = {name for name in CompanyIn.model_fields if name.startswith("smtp_")}
    assert COMPANY_MOVES.keys() == moving - {"smtp_password"}
