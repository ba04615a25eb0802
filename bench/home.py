"""A household's home page at 100,000 accounts, each with a location, visits, an appointment and invoices;
beside bare FastAPI + asyncpg that reads the same in four selects. Another household with each request; its
access token was seen before, as that of a page which asks more than once."""

import hashlib
import sys
import tempfile
from pathlib import Path
from typing import Any
from uuid import UUID

from shared.auth import development_token

from bench.fleet import fleet, free_port, process_of, wait_for
from bench.load import wrk

ACCOUNTS, ASKING, SECONDS = 100_000, 300, 5

FILL = """
INSERT INTO customer_record (id, version, number, name, kind, phones, closed)
SELECT md5('customer ' || n)::uuid, 1, n, 'PAT EXAMPLE-' || n, 'person', '[]', false
FROM generate_series(1, {n}) n;
INSERT INTO location_record (id, version, customer_id, address, zone, closed)
SELECT md5('location ' || n)::uuid, 1, md5('customer ' || n)::uuid,
  jsonb_build_object('street', n || ' OAK ST', 'city', 'AUSTIN', 'state', 'TX', 'zip', '78701'),
  'America/Chicago', false FROM generate_series(1, {n}) n;
INSERT INTO account (id, kind, user_name, name, email, role, customer_id, location_id, state, must_change,
  totp_on, version, created_at)
SELECT md5('account ' || n)::uuid, 'customer', 'pat' || n, 'Pat', 'pat' || n || '@household.example',
  'customer.admin', md5('customer ' || n)::uuid, md5('location ' || n)::uuid, 'active', false, false, 1, now()
FROM generate_series(1, {n}) n;
INSERT INTO technician_record VALUES (md5('technician')::uuid, 1, 'Ana', true, false);
INSERT INTO dispatch_record (id, version, partner, number, trade, lines, received_at, match_version,
  customer_id, location_id, status_version, status, status_at, closed)
SELECT md5('dispatch ' || v || ' ' || n)::uuid, 1, 'ahs', (40000000 + 3 * n + v)::text, 'APL',
  '[{{"description": "Refrigerator", "symptoms": ["does not cool"]}}]', now() - n * interval '1 second', 1,
  md5('customer ' || n)::uuid, md5('location ' || n)::uuid, 1, 'Scheduled', now(), v > 0
FROM generate_series(1, {n}) n, generate_series(0, 2) v;
INSERT INTO appointment_record (id, version, dispatch_id, technician_id, start_at, end_at, zone)
SELECT md5('appointment ' || n)::uuid, 2, md5('dispatch 0 ' || n)::uuid, md5('technician')::uuid,
  now() + interval '3 days', now() + interval '76 hours', 'America/Chicago' FROM generate_series(1, {n}) n;
INSERT INTO invoice_record (id, version, customer_id, location_id, state, bill_to_partner, payable, issued_on,
  currency, total, balance, invoice)
SELECT md5('invoice ' || v || ' ' || n)::uuid, 1, md5('customer ' || n)::uuid, md5('location ' || n)::uuid,
  CASE v WHEN 0 THEN 'issued' ELSE 'paid' END, false, v = 0, current_date, 'USD', 20500,
  CASE v WHEN 0 THEN 20500 ELSE 0 END, '{{}}' FROM generate_series(1, {n}) n, generate_series(0, 2) v;
"""


def run(accounts: int = ACCOUNTS) -> dict[str, Any]:
    with fleet(["portal_api"]) as system:
        for statement in FILL.format(n=accounts).split(";\n"):
            if statement.strip():
                system.postgres.execute(statement, database="portal_api")
        system.postgres.execute("VACUUM ANALYZE", database="portal_api")
        chosen = [1 + each * (accounts // ASKING) for each in range(ASKING)]
        port, dsn = free_port(), system.postgres.url("portal_api", driver="postgresql")
        with process_of("bench.bare_home", {}, str(port), dsn):
            bare = f"http://127.0.0.1:{port}"
            wait_for(f"{bare}/readyz")
            found: dict[str, Any] = {}
            for name, url, script in (
                ("bare home", f"{bare}/home/", _script([str(_id("account", n)) for n in chosen], "path")),
                (
                    "callboard home",
                    f"{system.addresses['portal_api']}/v1/me/home",
                    _script(_tokens(chosen), "token"),
                ),
            ):
                for seconds in (2, SECONDS):  # the first is for warming up
                    found[name] = wrk(url, seconds, script=script)
    ratio = found["callboard home"]["per_second"] / found["bare home"]["per_second"]
    return {"accounts": accounts, **found, "ratio": {"rate callboard/bare": ratio}}


def _id(what: str, number: int) -> UUID:
    return UUID(hashlib.md5(f"{what} {number}".encode(), usedforsecurity=False).hexdigest())


def _tokens(numbers: list[int]) -> list[str]:
    return [development_token(["customer.admin"], str(_id("account", n))) for n in numbers]


def _script(values: list[str], where: str) -> Path:
    listed = ",".join(f'"{value}"' for value in values)
    ask = {
        "path": "wrk.format('GET', wrk.path .. values[n])",
        "token": "wrk.format('GET', nil, {Authorization = 'Bearer ' .. values[n]})",
    }[where]
    path = Path(tempfile.mkdtemp(prefix="bench.")) / "ask.lua"
    path.write_text(
        f"local values = {{{listed}}}\nlocal n = 0\n"
        f"request = function() n = n % #values + 1; return {ask} end\n"
    )
    return path


if __name__ == "__main__":
    import json

    sys.stdout.write(json.dumps(run(), indent=2) + "\n")
