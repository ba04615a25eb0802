"""What this service is."""

from shared.service import Service

from customer.api import router
from customer.flows.partners import introduce_payers
from customer.handlers import handlers
from customer.models import Base
from customer.settings import CustomerSettings
from customer.tools import open_tools

service = Service(
    name="customer",
    settings=CustomerSettings,
    metadata=Base.metadata,
    router=router,
    handlers=handlers,
    loops=(introduce_payers,),
    open_tools=open_tools,
)
