"""Reading one dispatch and one page of the board, at 10 thousand and at 1 million dispatches, beside a bare
FastAPI + asyncpg route that does the same select."""

import sys
import tempfile
from pathlib import Path
from typing import Any

from dispatch.queries.board import _LINE, _WHOLE  # pyright: ignore[reportPrivateUsage]
from shared.auth import OFFICE, development_token

from bench.fleet import Fleet, fleet, free_port, process_of, wait_for
from bench.load import wrk

SIZES = (10_000, 1_000_000)
SECONDS = 5

FILL = """
INSERT INTO dispatch (id, version, partner, number, status, closed, customer_name, phones, street, city,
  state, zip, trade, priority, type, fee_amount, fee_open, currency, do_not_collect, incomplete,
  updated_by_partner, cancelled_by_partner, needs_attention, zone, match_version, received_at, changed_at,
  search, content)
SELECT md5('dispatch ' || n)::uuid, 1, 'ahs', (40000000 + n)::text,
  (ARRAY['Pending','Scheduled','Complete','Working'])[1 + n %% 4], n %% 4 = 2, 'PAT EXAMPLE-' || n,
  '512' || lpad(n::text, 7, '0'), (n %% 20000) || ' OAK ST', 'AUSTIN', 'TX', '78701',
  (ARRAY['APL','PLM','HVAC'])[1 + n %% 3], 'NORMAL', 'NORMAL', 10000, 10000, 'USD',
  false, false, false, false, false, 'America/Chicago', 1,
  timestamptz '2026-01-01' + n * interval '7 seconds', now(),
  (40000000 + n) || ' pat example' || n || ' 512' || lpad(n::text, 7, '0') || ' oak austin',
  jsonb_build_object('number', (40000000 + n)::text, 'notes', jsonb_build_array(jsonb_build_object(
    'kind', 'message', 'text', repeat('customer is at home after three ', 20))), 'lines', jsonb_build_array(
    jsonb_build_object('description', 'Refrigerator', 'symptoms', jsonb_build_array('does not cool'))))
FROM generate_series(%d, %d) n
"""


def run(sizes: tuple[int, ...] = SIZES) -> dict[str, Any]:
    found: dict[str, Any] = {}
    with fleet(["dispatch"]) as system:
        filled = 0
        for size in sizes:
            for start in range(filled + 1, size + 1, 50_000):
                end = min(start + 49_999, size)
                system.postgres.execute(FILL % (start, end), database="dispatch")
                sys.stderr.write(f"\r{end:,} dispatches")
            system.postgres.execute("VACUUM ANALYZE dispatch", database="dispatch")
            filled = size
            found[f"{size}"] = _measure(system, size)
    small, large = (found[f"{size}"] for size in sizes)
    ratios = {
        f"p99 {what} {sizes[1]}/{sizes[0]}": large[what]["p99_ms"] / small[what]["p99_ms"]
        for what in ("callboard one", "callboard page")
    }
    for what in ("one", "page"):
        ratios[f"rate {what} callboard/bare"] = (
            large[f"callboard {what}"]["per_second"] / large[f"bare {what}"]["per_second"]
        )
    return {"dispatches": found, "ratio": ratios}


def _measure(system: Fleet, size: int) -> dict[str, Any]:
    token = development_token(OFFICE, "bench")
    base = system.addresses["dispatch"]
    script = _script(size)
    dsn = system.postgres.url("dispatch", driver="postgresql")
    whole = ", ".join(_WHOLE)
    port = free_port()
    results: dict[str, Any] = {}
    with process_of("bench.bare", {}, str(port), dsn, whole, ", ".join(_LINE)):
        bare = f"http://127.0.0.1:{port}"
        wait_for(f"{bare}/readyz")
        for name, url, random_id in (
            ("bare one", f"{bare}/one/", True),
            ("callboard one", f"{base}/v1/dispatches/", True),
            ("bare page", f"{bare}/page", False),
            ("callboard page", f"{base}/v1/dispatches?limit=50", False),
        ):
            for seconds in (1, SECONDS):  # the first is for warming up
                chosen = script if random_id else None
                results[name] = wrk(url, seconds, token=token, script=chosen)
    return results


def _script(size: int) -> Path:
    """Another dispatch with each request."""
    import hashlib

    step = max(1, size // 2000)
    ids = [
        hashlib.md5(f"dispatch {n}".encode(), usedforsecurity=False).hexdigest() for n in range(1, size, step)
    ]
    listed = ",".join(f'"{id}"' for id in ids)
    path = Path(tempfile.mkdtemp(prefix="bench.")) / "ids.lua"
    path.write_text(
        f"local ids = {{{listed}}}\nlocal n = 0\n"
        "request = function() n = n % #ids + 1; return wrk.format('GET', wrk.path .. ids[n]) end\n"
    )
    return path


if __name__ == "__main__":
    import json

    sys.stdout.write(json.dumps(run(), indent=2) + "\n")
