"""What this service is."""

from fastapi import APIRouter
from shared.service import Service, no_tools

from dispatch.handlers import handlers
from dispatch.models import Base
from dispatch.settings import DispatchSettings

service = Service(
    name="dispatch",
    settings=DispatchSettings,
    metadata=Base.metadata,
    router=APIRouter(),
    handlers=handlers,
    loops=(),
    open_tools=no_tools,
)
