"""Routes, a module for each concern."""

from fastapi import APIRouter, Depends

from payments.api import attempts, checkouts, gateways, invoices, mails, payments, reports, webhooks
from payments.api.guard import no_card_numbers

router = APIRouter()
for part in (invoices, mails, payments, attempts, checkouts, gateways, reports):
    router.include_router(part.router, dependencies=[Depends(no_card_numbers)])
router.include_router(webhooks.router)  # what gateways say is scrubbed, not refused
