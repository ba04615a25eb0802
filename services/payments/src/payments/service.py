"""What this service is."""

from shared.service import Service, no_tools

from payments.api import router
from payments.handlers import handlers
from payments.models import Base
from payments.settings import PaymentsSettings

service = Service(
    name="payments",
    settings=PaymentsSettings,
    metadata=Base.metadata,
    router=router,
    handlers=handlers,
    loops=(),
    open_tools=no_tools,
)
