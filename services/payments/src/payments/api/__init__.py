"""Routes, a module for each concern."""

from fastapi import APIRouter

from payments.api import (
    alerts,
    attempts,
    balances,
    cards,
    checkouts,
    connections,
    decisions,
    differences,
    documents,
    exports,
    gateways,
    invoices,
    links,
    mails,
    payments,
    webhooks,
)

router = APIRouter()
PARTS = (
    *(invoices, documents, mails, payments, balances, attempts, decisions, alerts, cards),
    *(checkouts, links, gateways, connections, exports, differences, webhooks),
)
for part in PARTS:
    router.routes.extend(part.router.routes)  # flat, so that a request is matched in one pass
