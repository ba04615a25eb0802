"""The simulated gateways as a server of their own: a person can pay, and hang-ups are real."""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from localservers.ports import reserve
from payments.gateways import open_gateway
from payments.gateways.base import Expected, Hosted, Order
from payments.gateways.findings import compare
from payments.gateways.found import Findings
from pydantic import SecretStr
from simulators.gateways.all import create_app

ORDER = Order(our_id="a-1", request_id="a-1", short_ref="INV10042", amount=12540)


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    with reserve() as held, (tmp_path / "log").open("wb") as log:
        port = held.getsockname()[1]
        command = [sys.executable, "-m", "simulators", "gateways", f"--folder={tmp_path}", f"--port={port}"]
        process = subprocess.Popen(command, stdout=log, stderr=log)
        base, until = f"http://127.0.0.1:{port}", time.monotonic() + 20
        while not _answers(base):
            assert time.monotonic() < until, (tmp_path / "log").read_text()
            time.sleep(0.05)
        yield base
        process.terminate()
        process.wait(10)


def _answers(base: str) -> bool:
    try:
        return httpx.get(f"{base}/sandbox/faults").status_code == 200
    except httpx.HTTPError:
        return False


async def test_browsers_are_sent_to_the_public_address(tmp_path: Path) -> None:
    app = create_app(tmp_path, public_url="http://pay.test")
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app)) as client:
        sandbox = open_gateway("sandbox", client, {"base_url": "http://inside:8000/sandbox"})
        page = await sandbox.start_hosted(ORDER, return_url="http://portal.test/r", cancel_url="http://o/")
        assert isinstance(page, Hosted)
        assert page.redirect_url.startswith("http://pay.test/sandbox/page/")


async def test_a_person_pays_and_an_answer_is_lost_on_the_wire(url: str) -> None:
    async with httpx.AsyncClient() as client:
        sandbox = open_gateway("sandbox", client, {"base_url": f"{url}/sandbox"})
        back = "http://portal.test/r"
        page = await sandbox.start_hosted(ORDER, return_url=back, cancel_url=back)
        assert isinstance(page, Hosted)
        shown = await client.get(page.redirect_url)
        assert "Pay 125.40 USD" in shown.text
        assert (await client.get(f"{url}/sandbox/style.css")).status_code == 200
        answer = await client.post(page.redirect_url, data={"decision": "pay"})
        assert answer.headers["location"].startswith("http://portal.test/r?secret=")
        again = await client.post(page.redirect_url, data={"decision": "pay"})
        assert "used already" in again.text

        await client.post(f"{url}/sandbox/faults", json={"mode": "drop"})
        other = Order(our_id="a-2", request_id="a-2", short_ref="INV10043", amount=700)
        lost = await sandbox.charge_token(other, SecretStr("tok_visa"))
        assert (lost.outcome, lost.kind) == ("unknown", "no_answer")
        found = await sandbox.lookup(Expected(our_id="a-2", amount=700))
        assert isinstance(found, Findings)
        assert compare(found, Expected(our_id="a-2", amount=700)).outcome == "approved"

        ledger = await client.get(f"{url}/sandbox/")
        assert "a-1" in ledger.text
        assert "a-2" in ledger.text
