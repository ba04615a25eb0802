"""Logging on and fetching access tokens at 100,000 accounts, beside a bare FastAPI + asyncpg + argon2 route
and argon2 alone; and whether time tells who has an account. Load by wrk: one thread, 1 or 8 connections."""

import os
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
from argon2 import PasswordHasher
from portal_api.settings import PortalSettings

from bench.fleet import Fleet, fleet, free_port, process_of, wait_for
from bench.load import wrk

ACCOUNTS = 100_000
SECONDS = 8
CALLS = 200
PASSWORD = "seven green bicycles"
UNTHROTTLED = {"CALLBOARD_LOGON_ATTEMPTS": "1000000", "CALLBOARD_ADDRESS_ATTEMPTS": "1000000"}

FILL = """
INSERT INTO account (id, kind, user_name, name, email, role, customer_id, location_id, state, password_hash,
  must_change, totp_on, version, created_at)
SELECT md5('account ' || n)::uuid, 'customer', 'pat' || n || '@household.example', 'Pat ' || n,
  'pat' || n || '@household.example', 'customer', md5('customer ' || n)::uuid, md5('location ' || n)::uuid,
  'active', '%s', false, false, 1, now()
FROM generate_series(%d, %d) n
"""


def run(accounts: int = ACCOUNTS, seconds: int = SECONDS) -> dict[str, Any]:
    settings = PortalSettings()
    cost = {
        "memory_cost": settings.password_memory_kib,
        "time_cost": settings.password_time,
        "parallelism": 1,
    }
    hasher = PasswordHasher(**cost)
    with fleet(["portal_api"], **UNTHROTTLED) as system:
        hashed = hasher.hash(PASSWORD)
        for start in range(1, accounts + 1, 50_000):
            end = min(start + 49_999, accounts)
            system.postgres.execute(FILL % (hashed, start, end), database="portal_api")
        system.postgres.execute("VACUUM ANALYZE account", database="portal_api")
        found: dict[str, Any] = {
            "argon2id": cost,
            "accounts": accounts,
            "argon2 alone": _alone(hasher, hashed),
        }
        dsn = system.postgres.url("portal_api", driver="postgresql")
        port = free_port()
        with process_of("bench.bare_logon", {}, str(port), dsn):
            bare = f"http://127.0.0.1:{port}"
            wait_for(f"{bare}/readyz")
            callboard = system.addresses["portal_api"]
            log_on, token = _log_on(accounts), _token(callboard)
            for name, address in (("bare", bare), ("callboard", callboard)):
                for what, path, script in (("logon", "", log_on), ("token", "/token", token)):
                    url = f"{address}/v1/session{path}"
                    wrk(url, 1, script=script, connections=8)
                    found[f"{name} {what}, 1 connection"] = wrk(url, seconds, script=script, connections=1)
                    found[f"{name} {what}, 8 connections"] = wrk(url, seconds, script=script, connections=8)
        found["who has an account"] = _enumeration(system)
    ratios = {
        f"{what} {number} callboard/bare": found[f"callboard {what}, 8 connections"][number]
        / found[f"bare {what}, 8 connections"][number]
        for what in ("logon", "token")
        for number in ("per_second", "p99_ms")
    }
    return {**found, "ratio": ratios}


def _alone(hasher: PasswordHasher, hashed: str) -> dict[str, float]:
    """One after the other, and as many at once as there are cores."""
    took = [_timed(lambda: hasher.verify(hashed, PASSWORD)) for _ in range(40)]
    start = time.perf_counter()
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        list(threads.map(lambda _: hasher.verify(hashed, PASSWORD), range(80)))
    return {"p50_ms": statistics.median(took), "per_second": 80 / (time.perf_counter() - start)}


def _enumeration(system: Fleet) -> dict[str, Any]:
    """Known and unknown names in turn, so that the machine's mood falls on both."""
    with httpx.Client(base_url=system.addresses["portal_api"], headers={"X-Requested-With": "bench"}) as http:

        def log_on(name: str) -> None:
            answer = http.post("/v1/session", json={"user_name": name, "password": "eleven violet tractors"})
            assert answer.status_code == 401

        def ask(name: str) -> None:
            assert http.post("/v1/password-resets", json={"user_name": name}).status_code == 202

        found: dict[str, Any] = {}
        for what, call in (("logon", log_on), ("lost password", ask)):
            known: list[float] = []
            unknown: list[float] = []
            for n in range(1, CALLS + 1):
                turns = [(known, f"pat{n}@household.example"), (unknown, f"nobody{n}@household.example")]
                for times, name in turns if n % 2 else reversed(turns):
                    times.append(_timed(lambda name=name, call=call: call(name)))
            medians = statistics.median(known), statistics.median(unknown)
            found[what] = {
                "calls": CALLS,
                "known_p50_ms": medians[0],
                "unknown_p50_ms": medians[1],
                "known/unknown": medians[0] / medians[1],
            }
    return found


def _timed(call: Callable[[], object]) -> float:
    """Milliseconds."""
    start = time.perf_counter()
    call()
    return (time.perf_counter() - start) * 1000


def _log_on(accounts: int) -> Path:
    return _script(
        'wrk.headers["Content-Type"] = "application/json"\nlocal n = 0\n'
        f"request = function() n = (n + 7919) % {accounts}; return wrk.format('POST', nil, nil, "
        f'\'{{"user_name":"pat\' .. (n + 1) .. \'@household.example","password":"{PASSWORD}"}}\') end\n'
    )


def _token(address: str) -> Path:
    body = {"user_name": "pat1@household.example", "password": PASSWORD}
    answer = httpx.post(f"{address}/v1/session", json=body, headers={"X-Requested-With": "bench"})
    cookie = re.search(r"__Host-callboard=([^;]+)", answer.headers["set-cookie"])
    assert cookie is not None
    return _script(f'wrk.method = "POST"\nwrk.headers["Cookie"] = "{cookie[0]}"\n')


def _script(text: str) -> Path:
    path = Path(tempfile.mkdtemp(prefix="bench.")) / "requests.lua"
    path.write_text('wrk.headers["X-Requested-With"] = "bench"\n' + text)
    return path


if __name__ == "__main__":
    import json

    sys.stdout.write(json.dumps(run(), indent=2) + "\n")
