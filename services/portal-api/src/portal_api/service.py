"""What this service is."""

from shared.service import Service, no_tools

from portal_api.api import router
from portal_api.handlers import handlers
from portal_api.models import Base
from portal_api.settings import PortalSettings

service = Service(
    name="portal-api",
    settings=PortalSettings,
    metadata=Base.metadata,
    router=router,
    handlers=handlers,
    loops=(),
    open_tools=no_tools,
)
