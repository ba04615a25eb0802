"""Routes, a module for each concern."""

from fastapi import APIRouter

from payments.api import (
    attempts,
    checkouts,
    connections,
    gateways,
    invoices,
    mails,
    payments,
    reports,
    webhooks,
)

router = APIRouter()
for part in (invoices, mails, payments, attempts, checkouts, gateways, connections, reports, webhooks):
    router.routes.extend(part.router.routes)  # flat, so that a request is matched in one pass
