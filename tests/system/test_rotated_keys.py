"""A new secret key: everything that is sealed is sealed anew, nothing is left out, and keys do not fight."""

import base64
import re
from pathlib import Path
from typing import Any

import pytest
from customer.service import service as customer
from dispatch.service import service as dispatch
from embedded.data import open_data
from embedded.keys import rotate_key
from gateways import ACCOUNTS
from harness import at_work, client
from mail_ingest.service import service as mail_ingest
from payments.service import service as payments
from portal_api.flows.keys import current_key
from portal_api.models.tokens import signing_key
from portal_api.service import service as portal_api
from pydantic import SecretStr
from shared.rotation import rotate
from shared.secrets import key_id, seal
from shared.service import Running, Service
from sqlalchemy import func, select, update

OLD, NEW, LOST = (base64.b64encode(bytes([number]) * 32).decode() for number in (1, 2, 3))
SEALED = re.compile(r"[0-9a-f]{8}\.[A-Za-z0-9+/]{38,}=*")
ENTERED: dict[str, list[tuple[str, str, dict[str, Any]]]] = {
    "mail-ingest": [
        (
            "POST",
            "/v1/mailboxes",
            {"name": f"box {n}", "host": f"127.0.0.{n}", "user": "u", "password": "S3cret"},
        )
        for n in range(1, 120)
    ],
    "dispatch": [
        ("PUT", "/v1/partner-accounts/ahs", {"url": "http://127.0.0.1:9/", "company_id": "C", "user_id": "u"})
    ],
    "payments": [
        ("POST", "/v1/gateway-accounts", {"gateway": name, "name": name, "fields": fields})
        for name, fields in ACCOUNTS.items()
    ],
    "customer": [],
    "portal-api": [
        (
            "PUT",
            "/v1/company",
            {
                "name": "Sample",
                "zone": "America/Denver",
                "smtp_host": "localhost",
                "smtp_user": "mail@contractor.example",
                "smtp_password": "S3cret",
                "sender_address": "office@contractor.example",
            },
        ),
        (
            "POST",
            "/v1/webhook-subscriptions",
            {"url": "https://93.184.215.14/x", "events": ["dispatch.created"]},
        ),
    ],
}
SERVICES = (mail_ingest, dispatch, payments, customer, portal_api)


async def enter(run: Running[Any]) -> None:
    async with client(run, "office.admin") as office:
        for method, path, body in ENTERED[run.name]:
            more = {"password": "S3cret"} if run.name == "dispatch" else {}
            made = await office.request(method, path, json=body | more, headers={"If-Match": '"0"'})
            assert made.is_success, made.text
    if run.service.signing_keys:
        async with run.work() as work:
            await current_key(work)


async def sealed_values(run: Running[Any]) -> dict[str, list[str]]:
    """By table and column: whatever looks sealed, wherever it is kept."""
    found: dict[str, list[str]] = {}
    async with run.database.read() as read:
        for table in run.service.metadata.tables.values():
            for column in (each for each in table.columns if str(each.type).startswith(("VARCHAR", "TEXT"))):
                values = (await read.execute(select(column).where(column.is_not(None)))).scalars()
                if held := [each for each in values if SEALED.fullmatch(each)]:
                    found[f"{table.name}.{column.name}"] = held
    return found


@pytest.mark.parametrize("service", SERVICES, ids=lambda each: each.name)
async def test_what_is_sealed_is_sealed_anew(service: Service, tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path}/kept.db"
    async with at_work(service, url, secret_key=OLD) as run:
        await enter(run)
        before = await sealed_values(run)
        declared = {f"{each.column.table.name}.{each.column.name}" for each in service.sealed}
        assert before.keys() <= declared, "a column that rotate-key does not know"
        assert before or service is customer
    count = sum(map(len, before.values()))
    async with at_work(service, url, secret_key=NEW, old_secret_keys=[OLD]) as run:
        assert await rotate(run) == (count, [])
        after = await sealed_values(run)
        assert {each: len(held) for each, held in after.items()} == {
            each: len(held) for each, held in before.items()
        }
        assert {held.partition(".")[0] for each in after.values() for held in each} <= {
            key_id(SecretStr(NEW))
        }
        assert await rotate(run) == (0, [])
    async with at_work(service, url, secret_key=NEW) as run:
        assert await rotate(run) == (0, [])


async def test_what_no_key_opens_is_named_and_holds_nothing_up(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path}/kept.db"
    async with at_work(mail_ingest, url, secret_key=OLD) as run:
        await enter(run)
        (sealed,) = mail_ingest.sealed
        table: Any = sealed.column.table
        async with run.work() as work:
            id = await work.session.scalar(select(func.min(table.c.id)))
            foreign = run.settings.model_copy(update={"secret_key": SecretStr(LOST)})
            held = seal(foreign, SecretStr("x"), f"mailbox/{id}/password")
            await work.session.execute(update(table).where(table.c.id == id).values(sealed_password=held))
    async with at_work(mail_ingest, url, secret_key=NEW, old_secret_keys=[OLD]) as run:
        assert await rotate(run) == (len(ENTERED["mail-ingest"]) - 1, [f"mailbox/{id}/password"])


async def test_two_keys_side_by_side_do_not_fight(tmp_path: Path) -> None:
    """Twenty tokens, by turns of a process with the old and one with the new key: each signs with a key that
    is published, and no more than one more is made."""
    url = f"sqlite+aiosqlite:///{tmp_path}/kept.db"
    for old_keys in ([], [OLD]):
        async with (
            at_work(portal_api, url, secret_key=OLD) as before,
            at_work(portal_api, url, secret_key=NEW, old_secret_keys=old_keys) as after,
        ):
            used: set[str] = set()
            for _ in range(10):
                for run in (before, after):
                    async with run.work() as work:
                        used.add((await current_key(work)).kid)
            async with before.database.read() as read:
                made = set((await read.execute(select(signing_key.c.kid))).scalars())
                assert used <= made
                assert len(made) <= 2


def test_the_key_of_a_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert rotate_key(tmp_path) == 2
    assert "Name its folder" in capsys.readouterr().err
    data = open_data(tmp_path)
    data.prepare()
    first = data.key_file.read_text().strip()
    with data.locked():
        assert rotate_key(tmp_path) == 2
        assert "Stop it first" in capsys.readouterr().err
    data.replace_key()
    second = data.key_file.read_text().strip()
    data.replace_key()
    assert data.old_keys() == [second, first]
    assert data.key_file.read_text().strip() not in (first, second)
    for path in (data.key_file, data.old_keys_file):
        assert path.stat().st_mode & 0o777 == 0o600
