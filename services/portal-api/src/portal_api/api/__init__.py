"""Routes, a module for each concern."""

from fastapi import APIRouter

from portal_api.api import (
    accounts,
    cards,
    clients,
    company,
    home,
    invoices,
    keys,
    mail,
    members,
    messages,
    oauth,
    passwords,
    record,
    requests,
    session,
    staff,
    stream,
    totp,
    webhooks,
)

router = APIRouter()
for each in (
    home,  # these two first: they are asked most
    session,
    keys,
    clients,
    oauth,
    webhooks,
    stream,
    company,
    messages,
    mail,
    passwords,
    totp,
    accounts,
    staff,
    requests,
    invoices,
    cards,
    record,
    members,
):
    router.routes.extend(each.router.routes)  # flat, so that a request is matched in one pass
