"""Routes, a module for each concern."""

from fastapi import APIRouter

from payments.api import invoices, payments

router = APIRouter()
for part in (invoices, payments):
    router.include_router(part.router)
