"""The service's routes."""

from fastapi import APIRouter

from dispatch.api import appointments, codes, dispatches, partners

router = APIRouter()
for room in (dispatches, appointments, codes, partners):
    router.routes.extend(room.router.routes)  # flat, so that a request is matched in one pass
