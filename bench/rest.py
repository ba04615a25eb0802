"""Reading one dispatch and one page of the board, at 10 thousand and at 1 million dispatches, beside a bare
FastAPI + asyncpg route that does the same select."""

import statistics
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

from dispatch.queries.board import _LINE, _WHOLE  # pyright: ignore[reportPrivateUsage]
from shared.auth import OFFICE, development_token

from bench.fleet import fleet, free_port, process_of, wait_for
from bench.load import median_of, wrk

SIZES = (10_000, 1_000_000)
SECONDS, ROUNDS = 4, 7

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


def run(sizes: tuple[int, int] = SIZES) -> dict[str, Any]:
    """Each number is the median of rounds in which all of them take turns; each ratio is the median of what
    was measured in one round."""
    with ExitStack() as stack:
        asked = {size: _asked(stack, size) for size in sizes}
        rounds: dict[int, dict[str, list[dict[str, float]]]] = {size: {} for size in sizes}
        for number in range(ROUNDS + 1):
            for size, requests in asked.items():
                for name, request in requests.items():
                    measured = request()
                    if number:  # the first round is for warming up
                        rounds[size].setdefault(name, []).append(measured)
    small, large = ({name: median_of(each) for name, each in rounds[size].items()} for size in sizes)
    ratios = {
        f"p99 {what} {sizes[1]}/{sizes[0]}": statistics.median(
            many["p99_ms"] / few["p99_ms"]
            for few, many in zip(*(rounds[size][what] for size in sizes), strict=True)
        )
        for what in ("callboard one", "callboard page")
    }
    for what in ("one", "page"):
        ratios[f"rate {what} callboard/bare"] = statistics.median(
            ours["per_second"] / bare["per_second"]
            for each in rounds.values()
            for ours, bare in zip(each[f"callboard {what}"], each[f"bare {what}"], strict=True)
        )
    return {"dispatches": {f"{sizes[0]}": small, f"{sizes[1]}": large}, "ratio": ratios}


def _asked(stack: ExitStack, size: int) -> dict[str, Callable[[], dict[str, float]]]:
    """A Callboard with so many dispatches and the bare routes beside it: what is asked of them, by name."""
    system = stack.enter_context(fleet(["dispatch"]))
    for start in range(1, size + 1, 50_000):
        end = min(start + 49_999, size)
        system.postgres.execute(FILL % (start, end), database="dispatch")
        sys.stderr.write(f"\r{end:,} dispatches")
    sys.stderr.write("\n")
    system.postgres.execute("VACUUM ANALYZE dispatch", database="dispatch")
    dsn, port = system.postgres.url("dispatch", driver="postgresql"), free_port()
    stack.enter_context(process_of("bench.bare", {}, str(port), dsn, ", ".join(_WHOLE), ", ".join(_LINE)))
    bare, ours = f"http://127.0.0.1:{port}", system.addresses["dispatch"]
    wait_for(f"{bare}/readyz")
    token, script = development_token(OFFICE, "bench"), _script(size)
    return {
        "bare one": partial(wrk, f"{bare}/one/", SECONDS, token=token, script=script),
        "callboard one": partial(wrk, f"{ours}/v1/dispatches/", SECONDS, token=token, script=script),
        "bare page": partial(wrk, f"{bare}/page", SECONDS, token=token),
        "callboard page": partial(wrk, f"{ours}/v1/dispatches?limit=50", SECONDS, token=token),
    }


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
