"""Routes, a module for each concern."""

from fastapi import APIRouter

from portal_api.api import (
    accounts,
    clients,
    company,
    keys,
    oauth,
    passwords,
    session,
    staff,
    totp,
    webhooks,
)

router = APIRouter()
for each in (
    keys,
    clients,
    oauth,
    webhooks,
    company,
    session,
    passwords,
    totp,
    accounts,
    staff,
):
    router.include_router(each.router)
