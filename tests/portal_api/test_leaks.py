"""What opens a door stands in no row, no event and no log, whatever people do with it."""

import base64
import logging
from typing import Any

import pyotp
import pytest
import structlog
from harness import client
from people import ANNA, OTHER, PASSWORD, Clock, browser, log_on, mailed, new_customer
from portal_api.flows.resets import answer
from portal_api.models import Base
from shared.auth import ADMIN
from shared.service import Running
from shared.tables import audit, outbox
from sqlalchemy import func, select


async def everything(run: Running[Any]) -> str:
    """All rows of all tables, bytes as text, hex and base64."""
    found: list[str] = []
    async with run.database.read() as read:
        for table in Base.metadata.sorted_tables:
            for row in await read.execute(select(table)):
                for value in row:
                    if isinstance(value, bytes):
                        found += [value.decode("latin-1"), value.hex(), base64.b64encode(value).decode()]
                    else:
                        found.append(str(value))
    return "\n".join(found)


async def test_no_secret_is_kept_readable_or_logged(
    house: Running[Any], clock: Clock, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    secrets = {"a password": PASSWORD, "a new one": OTHER, "a wrong one": "wrong horse battery"}
    pat = await new_customer(house)
    with structlog.testing.capture_logs() as logs:
        async with browser(house) as anna, client(house, *ADMIN) as office, browser(house) as lost:
            await log_on(anna, ANNA)
            await log_on(anna, ANNA, secrets["a wrong one"])
            secrets["a cookie"] = anna.cookies["__Host-callboard"]
            secrets["an access token"] = (await anna.post("/v1/session/token")).json()["access_token"]
            begun = (await anna.post("/v1/session/totp", json={"password": PASSWORD})).json()
            secrets["a TOTP secret"] = begun["secret"]
            code = pyotp.TOTP(begun["secret"]).at(clock.now)
            codes = (await anna.post("/v1/session/totp/confirmation", json={"code": code})).json()["codes"]
            secrets["a recovery code"], secrets["a used one"] = codes[0], codes[1]
            assert (await log_on(lost, ANNA, code=codes[1])).status_code == 200
            given = await office.post(f"/v1/accounts/{pat}/password", headers={"Idempotency-Key": "k"})
            secrets["a generated password"] = given.json()["password"]
            assert (await office.post(f"/v1/accounts/{pat}/invitation")).status_code == 202
            secrets["a mailed password"] = (await mailed(house))[-1]["password"]
            await log_on(lost, "pat@household.example", secrets["a mailed password"])
            for name in (ANNA, "pat@household.example"):
                await lost.post("/v1/password-resets", json={"user_name": name})
            async with house.work() as work:
                await answer(work)
            links = [each["link"].partition("#")[2] for each in await mailed(house) if "minutes" in each]
            secrets["a link"], secrets["a used link"] = links
            body = {"token": links[1], "new_password": OTHER}
            assert (await lost.post("/v1/password-resets/confirmation", json=body)).status_code == 204
            change = {"password": PASSWORD, "new_password": OTHER}
            assert (await anna.post("/v1/session/password", json=change)).status_code == 200
            secrets["the cookie after"] = anna.cookies["__Host-callboard"]
    kept = await everything(house)
    said = capfd.readouterr()
    logged = "\n".join([caplog.text, said.out, said.err, *map(str, logs)])
    assert ANNA in kept  # the search finds what is there
    async with house.database.read() as read:
        for table in (audit, outbox):
            assert await read.scalar(select(func.count()).select_from(table))
    for what, secret in secrets.items():
        assert len(secret) >= 16, what
        assert secret not in kept, f"{what} stands in the database"
        assert secret not in logged, f"{what} stands in a log"
