"""Pay Now, gateways' webhooks, and what a customer with many invoices owes; each beside bare FastAPI and
asyncpg that write or read the same rows. The gateway is the simulated sandbox."""

import hashlib
import hmac
import json
import statistics
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
from shared.auth import CHECKOUT, development_token

from bench.fleet import Fleet, fleet, free_port, process_of, wait_for
from bench.load import wrk
from bench.money_books import QUERIES, SIZES, measure
from bench.money_rows import ATTEMPTS, BOOKED, INVOICES, id_of

SECONDS, WARM = 5, 2
REQUESTS, WEBHOOKS = 8000, 30_000
"""Most that are sent in one measurement: each checkout pays another invoice, each webhook is new."""
SECRET = "whsec_bench"
ALONE, AT_ONCE = 100, 200


def run() -> dict[str, Any]:
    with ExitStack() as stack:
        simulator, port = free_port(), free_port()
        gateway = f"http://127.0.0.1:{simulator}/sandbox"
        stack.enter_context(process_of("simulators", {}, "gateways", "--port", str(simulator)))
        system = stack.enter_context(fleet(["payments"]))
        wait_for(f"{gateway}/ledger")
        sandbox, stripe = _accounts(system, gateway)
        _fill(system, sandbox)
        dsn = system.postgres.url("payments", driver="postgresql")
        told = (str(port), dsn, gateway, sandbox, stripe, SECRET, json.dumps(QUERIES))
        stack.enter_context(process_of("bench.bare_money", {}, *told))
        bare = f"http://127.0.0.1:{port}"
        wait_for(f"{bare}/readyz")
        found = {
            "checkout start": _checkouts(system, bare),
            "webhook": _webhooks(system, bare),
            "customer's books": measure(system, bare),
        }
    ratio = {
        f"rate {name} callboard/bare": found[name]["callboard"]["per_second"]
        / found[name]["bare"]["per_second"]
        for name in ("checkout start", "webhook")
    }
    return {**found, "ratio": ratio}


def _accounts(system: Fleet, gateway: str) -> tuple[str, str]:
    """The sandbox, where checkouts go, and Stripe, whose webhooks need no call; their ids."""
    sandbox = {"gateway": "sandbox", "fields": {"base_url": gateway, "webhook_secret": SECRET}}
    stripe = {"gateway": "stripe", "fields": {"secret_key": "made up", "webhook_secret": SECRET}}
    ids: list[str] = []
    with system.http("payments") as http:
        for each in (sandbox, stripe):
            is_sandbox = each is sandbox
            about = {"name": "Bench", "default_cards": is_sandbox, "default_portal": is_sandbox}
            answer = http.post("/v1/gateway-accounts", json={**each, **about}).raise_for_status()
            ids.append(answer.json()["id"])
    return ids[0], ids[1]


def _fill(system: Fleet, account: str) -> None:
    def execute(statements: str, **values: Any) -> None:
        for statement in statements.format(**values).split(";\n"):
            if statement.strip():
                system.postgres.execute(statement, database="payments")

    for of, invoices in (("bare", REQUESTS), ("ours", REQUESTS), ("told", ALONE + AT_ONCE)):
        execute(INVOICES, of=of, invoices=invoices, customers=invoices)
    execute(ATTEMPTS, of="told", attempts=ALONE + AT_ONCE, account=account)
    for of, size in SIZES.items():
        execute(INVOICES, of=of, invoices=size, customers=1)
        execute(BOOKED, of=of)
    execute("VACUUM ANALYZE")


def _checkouts(system: Fleet, bare: str) -> dict[str, Any]:
    """Milliseconds until the address of the gateway's page is answered."""
    found: dict[str, Any] = {}
    for name, of, url in (
        ("bare", "bare", f"{bare}/checkouts"),
        ("callboard", "ours", f"{system.addresses['payments']}/v1/checkouts"),
    ):
        bodies = [("-", json.dumps({"ticket": _ticket(of, n)})) for n in range(1, REQUESTS + 1)]
        found[name] = _posted(url, bodies)
    return found


def _ticket(of: str, n: int) -> str:
    """For the invoice of that number; customers are numbered round the invoices."""
    about = {"customer": id_of(f"customer {of} {1 + n % REQUESTS}"), "location": id_of("location")}
    claims = {name: str(value) for name, value in about.items()}
    more = {"invoices": [str(id_of(f"invoice {of} {n}"))], "cap": 10**9, "currency": "USD"}
    subject = str(id_of(f"account {of} {n}"))
    return development_token((), subject, 600, audience=CHECKOUT, jti=f"{of} {n}", **claims, **more)


def _webhooks(system: Fleet, bare: str) -> dict[str, Any]:
    """Milliseconds until a webhook is stored and answered; until what it says is booked, when it is alone;
    and how many are booked a second when they come at once."""
    base = f"{system.addresses['payments']}/v1/gateway-webhooks"
    found: dict[str, Any] = {}
    for name, url in (("bare", f"{bare}/webhooks"), ("callboard", f"{base}/stripe")):
        found[name] = _posted(url, [_no_news(name, n) for n in range(WEBHOOKS)])
    with system.http("payments") as http:
        took = [_timed(http, f"{base}/sandbox", n) for n in range(1, ALONE + 1)]
        started = time.perf_counter()
        for n in range(ALONE + 1, ALONE + AT_ONCE + 1):
            _tell(http, f"{base}/sandbox", n)
        while _waiting(system):
            time.sleep(0.02)
        found["booked at once"] = {"per_second": AT_ONCE / (time.perf_counter() - started)}
    found["booked alone"] = {
        "p50_ms": statistics.median(took),
        "p99_ms": statistics.quantiles(took, n=100)[98],
    }
    return found


def _no_news(of: str, n: int) -> tuple[str, str]:
    """(signature, body) of a webhook that is kept and changes nothing."""
    about = {"id": f"pi_{n}", "object": "payment_intent", "amount": 10000 + n, "currency": "usd"}
    event = {"id": f"evt_{of}_{n}", "type": "payment_intent.created", "data": {"object": about}}
    return _signed(json.dumps(event))


def _signed(body: str) -> tuple[str, str]:
    now = str(int(time.time()))
    mac = hmac.new(SECRET.encode(), f"{now}.{body}".encode(), hashlib.sha256).hexdigest()
    return f"t={now},v1={mac}", body


def _tell(http: httpx.Client, url: str, n: int) -> None:
    """The page of that attempt was paid."""
    done = {"id": f"sb{n}", "kind": "sale", "status": "approved", "our_id": id_of(f"attempt {n}").hex}
    done |= {"amount": 10000 + n, "currency": "USD", "order": f"order{n}", "last4": "4242", "brand": "visa"}
    done |= {"avs": "match", "cvv": "match", "auth_code": "OK1234", "can_void": True, "can_refund": True}
    event = {"id": f"ev {n}", "type": "sale.approved", "transaction": done, "refunded_total": 0}
    signature, body = _signed(json.dumps(event))
    http.post(url, content=body, headers={"Sandbox-Signature": signature}).raise_for_status()


def _timed(http: httpx.Client, url: str, n: int) -> float:
    started = time.perf_counter()
    _tell(http, url, n)
    while http.get(f"/v1/checkouts/{id_of(f'attempt {n}')}").json()["state"] != "succeeded":
        time.sleep(0.001)
    return (time.perf_counter() - started) * 1e3


def _waiting(system: Fleet) -> bool:
    left = "SELECT count(*) FROM webhook WHERE state = 'received'"
    return system.postgres.execute(left, database="payments").strip() != "0"


def _posted(url: str, requests: list[tuple[str, str]]) -> dict[str, float]:
    """Load by 8 connections, each request once: first for warming up, then measured."""
    share = len(requests) * WARM // (WARM + SECONDS)
    wrk(url, WARM, script=_script(requests[:share]), connections=8)
    return wrk(url, SECONDS, script=_script(requests[share:]), connections=8)


def _script(requests: list[tuple[str, str]]) -> Path:
    folder = Path(tempfile.mkdtemp(prefix="bench."))
    (folder / "requests").write_text("".join(f"{signature}\t{body}\n" for signature, body in requests))
    (folder / "post.lua").write_text(
        f'local lines = io.lines("{folder}/requests")\n'
        "request = function()\n"
        r'  local signature, body = lines():match("^([^\t]*)\t(.*)$")' + "\n"
        '  local headers = {["Content-Type"] = "application/json", ["Stripe-Signature"] = signature}\n'
        '  return wrk.format("POST", nil, headers, body)\nend\n'
    )
    return folder / "post.lua"


if __name__ == "__main__":
    sys.stdout.write(json.dumps(run(), indent=2) + "\n")
