"""What this service is."""

from shared.clock import Due
from shared.rotation import Sealed
from shared.service import Service

from dispatch.api import router
from dispatch.flows.deliveries import longest_pause
from dispatch.handlers import handlers
from dispatch.loops import deliver, repeat
from dispatch.models import Base, delivery, partner_account
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
    sealed=(Sealed(partner_account.c.password, lambda row: f"partner_account/{row.partner}/password"),),
    due=(Due(delivery.c.due_at, longest_pause, ("attempts",)),),
)
