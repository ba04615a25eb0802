"""What the benchmark of money starts from, as SQL: ids are MD5 sums of names, so that nobody has to look them
up."""

import hashlib
from uuid import UUID

INVOICES = """
INSERT INTO customer (id, version, number, name, kind, closed)
SELECT md5('customer {of} ' || n)::uuid, 1, n, 'PAT EXAMPLE-' || n, 'person', false
FROM generate_series(1, {customers}) n;
INSERT INTO invoice (id, version, kind, state, number, customer_id, bill_to_partner, debtor_id, currency,
  issued_on, due_on, terms_days, discount, tax_rate, subtotal, tax, total, deposit, made_by, created_at,
  updated_at)
SELECT md5('invoice {of} ' || n)::uuid, 1, 'invoice', 'issued', '{of}-' || n, owner, false, owner, 'USD',
  day, day + 14, 14, 0, '0', 10000 + n, 0, 10000 + n, 0, 'bench', day, day
FROM generate_series(1, {invoices}) n,
  LATERAL (SELECT md5('customer {of} ' || 1 + n % {customers})::uuid AS owner,
    date '2023-01-01' + n * 1000 / {invoices} AS day) o;
INSERT INTO invoice_line (invoice_id, position, kind, description, quantity, unit_price, discount, taxable,
  amount)
SELECT id, position, 'part', 'Compressor', '1', total / 2, 0, true, total / 2
FROM invoice, generate_series(0, 1) position WHERE number LIKE '{of}-%';
"""
"""Invoices of as many customers."""

ATTEMPTS = """
INSERT INTO attempt (id, version, short_ref, debtor_id, account_id, gateway, kind, channel, state, amount,
  currency, caller, order_ref, extra, checks, not_found, created_at, updated_at)
SELECT md5('attempt ' || n)::uuid, 1, lpad(n::text, 8, '0'), i.debtor_id, '{account}', 'sandbox', 'sale',
  'portal', 'requires_action', i.total, 'USD', 'bench', 'order' || n, '{{}}', 0, 0, now(), now()
FROM generate_series(1, {attempts}) n JOIN invoice i ON i.number = '{of}-' || n;
INSERT INTO attempt_invoice (attempt_id, invoice_id, amount, open)
SELECT md5('attempt ' || n)::uuid, id, total, true
FROM generate_series(1, {attempts}) n JOIN invoice i ON i.number = '{of}-' || n;
INSERT INTO operation (id, version, attempt_id, kind, amount, state, request_id, checks, not_found,
  created_at, updated_at)
SELECT md5('operation ' || n)::uuid, 1, md5('attempt ' || n)::uuid, 'sale', total, 'submitting',
  'request' || n, 0, 0, now(), now()
FROM generate_series(1, {attempts}) n JOIN invoice i ON i.number = '{of}-' || n;
"""
"""An attempt with an open page for each of the first invoices."""

BOOKED = """
INSERT INTO payment (id, debtor_id, method, amount, currency, recorded_by, at)
SELECT md5('payment ' || number)::uuid, debtor_id, 'cheque', total, 'USD', 'bench',
  created_at + interval '9 days'
FROM invoice WHERE number LIKE '{of}-%' AND total % 10 < 8;
INSERT INTO entry (id, at, debtor_id, invoice_id, payment_id, kind, amount, currency, who)
SELECT md5('entry ' || i.number)::uuid, p.at, p.debtor_id, i.id, p.id, 'payment',
  CASE WHEN total % 10 = 7 THEN total / 2 ELSE total END, 'USD', 'bench'
FROM invoice i JOIN payment p ON p.id = md5('payment ' || number)::uuid WHERE number LIKE '{of}-%';
INSERT INTO entry (id, at, debtor_id, payment_id, kind, amount, currency, who)
SELECT md5('credit ' || number)::uuid, p.at, p.debtor_id, p.id, 'payment', total - total / 2, 'USD', 'bench'
FROM invoice JOIN payment p ON p.id = md5('payment ' || number)::uuid
WHERE number LIKE '{of}-%' AND total % 10 = 7;
INSERT INTO invoice (id, version, kind, state, number, customer_id, bill_to_partner, debtor_id, credits_id,
  currency, issued_on, terms_days, discount, tax_rate, subtotal, tax, total, deposit, made_by, created_at,
  updated_at)
SELECT md5('note ' || number)::uuid, 1, 'credit_note', 'issued', 'CN' || number, customer_id, false,
  debtor_id, id, 'USD', issued_on, 0, 0, '0', 1000, 0, 1000, 0, 'bench', created_at, created_at
FROM invoice WHERE number LIKE '{of}-%' AND total % 10 = 8;
INSERT INTO entry (id, at, debtor_id, invoice_id, credit_note_id, kind, amount, currency, who)
SELECT md5('entry ' || number)::uuid, created_at, debtor_id, credits_id, id, 'credit_note', total, 'USD',
  'bench'
FROM invoice WHERE number LIKE 'CN{of}-%';
"""
"""Of ten of those invoices seven are paid, one is half paid with the other half kept as credit, one is
credited in part, and one is as it was."""


def id_of(name: str) -> UUID:
    return UUID(hashlib.md5(name.encode(), usedforsecurity=False).hexdigest())
