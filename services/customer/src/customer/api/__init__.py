"""Routes, a module for each kind of record."""

from fastapi import APIRouter

from customer.api import agreements, contacts, customers, equipment, locations, matches, merges

router = APIRouter()
for part in (customers, locations, contacts, equipment, agreements, matches, merges):
    router.routes.extend(part.router.routes)  # flat, so that a request is matched in one pass
