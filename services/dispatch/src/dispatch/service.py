"""What this service is."""

from shared.service import Service

from dispatch.api import router
from dispatch.handlers import handlers
from dispatch.loops import deliver, repeat
from dispatch.models import Base
from dispatch.settings import DispatchSettings
from dispatch.tools import open_tools

service = Service(
    name="dispatch",
    settings=DispatchSettings,
    metadata=Base.metadata,
    router=router,
    handlers=handlers,
    loops=(deliver, repeat),
    open_tools=open_tools,
)
