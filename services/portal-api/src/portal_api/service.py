"""What this service is."""

from fastapi import APIRouter
from shared.service import Handlers, Service, no_tools
from shared.settings import Settings

from portal_api.models import Base

service = Service(
    name="portal-api",
    settings=Settings,
    metadata=Base.metadata,
    router=APIRouter(),
    handlers=Handlers(),
    loops=(),
    open_tools=no_tools,
)
