"""Routes, a module for each concern."""

from fastapi import APIRouter

from payments.api import (
    alerts,
    attempts,
    cards,
    checkouts,
    connections,
    decisions,
    differences,
    documents,
    gateways,
    invoices,
    mails,
    payments,
    reports,
    webhooks,
)

router = APIRouter()
PARTS = (
    *(
        invoices,
        documents,
        mails,
        payments,
        attempts,
        decisions,
        alerts,
        cards,
        checkouts,
        gateways,
        connections,
    ),
    *(connections, reports, differences, webhooks),
)
for part in PARTS:
    router.routes.extend(part.router.routes)  # flat, so that a request is matched in one pass
