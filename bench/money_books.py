"""What customers owe: 100 and 10,000 invoices, beside the bare SQL."""

from typing import Any

from shared.auth import OFFICE, development_token

from bench.fleet import Fleet
from bench.load import wrk
from bench.money_rows import id_of

SIZES = {"small": 100, "large": 10_000}
QUERIES = {
    "balance": """SELECT (SELECT sum(total) FROM invoice WHERE debtor_id = $1 AND kind = 'invoice'
      AND state = 'issued')::bigint - sum(amount) FILTER (WHERE invoice_id IS NOT NULL)::bigint AS owed,
      sum(amount) FILTER (WHERE invoice_id IS NULL)::bigint AS credit FROM entry WHERE debtor_id = $1""",
    "open": """SELECT i.*, total - coalesce(settled, 0)::bigint AS balance FROM invoice i
      LEFT JOIN (SELECT invoice_id, sum(amount) AS settled FROM entry
        WHERE debtor_id = $1 AND invoice_id IS NOT NULL GROUP BY invoice_id) e ON e.invoice_id = i.id
      WHERE debtor_id = $1 AND kind = 'invoice' AND state = 'issued' AND total > coalesce(settled, 0)
      ORDER BY due_on, id LIMIT 51""",
    "statement": """SELECT issued_on AS day, number, total FROM invoice
      WHERE debtor_id = $1 AND kind = 'invoice' AND state = 'issued' AND issued_on >= '2025-01-01'
      UNION ALL SELECT (at AT TIME ZONE 'UTC')::date, kind, -sum(amount)::bigint FROM entry
      WHERE debtor_id = $1 AND at >= '2025-01-01' GROUP BY at, kind, payment_id, credit_note_id
      ORDER BY 1 LIMIT 51""",
}


def measure(system: Fleet, bare: str) -> dict[str, Any]:
    """One question at a time."""
    token, base = development_token(OFFICE, "bench"), f"{system.addresses['payments']}/v1"
    found: dict[str, Any] = {}
    for what, path in (
        ("balance", "customer-balances/{}"),
        ("open", "customer-balances/{}/invoices"),
        ("statement", "statements/{}?since=2025-01-01&until=2025-12-31"),
    ):
        addresses = {f"callboard {of}": f"{base}/{path.format(_debtor(of))}" for of in SIZES}
        addresses["bare large"] = f"{bare}/{what}/{_debtor('large')}"
        for name, url in addresses.items():
            for seconds in (1, 3):
                found[f"{what} {name}"] = wrk(url, seconds, token=token, connections=1)
    return found


def _debtor(of: str) -> Any:
    return id_of(f"customer {of} 1")
