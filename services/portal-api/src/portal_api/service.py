"""What this service is."""

from shared.clock import Due
from shared.mails import due_of
from shared.service import Service

from portal_api.api import router
from portal_api.handlers import handlers
from portal_api.loops.keys import rotate_signing_keys
from portal_api.loops.mail import send
from portal_api.loops.notify import notify, remind
from portal_api.loops.resets import answer_resets
from portal_api.loops.stream import stream_hub
from portal_api.loops.sweep import sweep
from portal_api.loops.webhooks import deliver_webhooks
from portal_api.models import Base
from portal_api.models.messages import outgoing, status_notice
from portal_api.queries.keys import key_set
from portal_api.settings import PortalSettings
from portal_api.tools import open_tools

service = Service(
    name="portal-api",
    settings=PortalSettings,
    metadata=Base.metadata,
    router=router,
    handlers=handlers,
    loops=(
        rotate_signing_keys,
        deliver_webhooks,
        stream_hub,
        answer_resets,
        sweep,
        send,
        notify,
        remind,
    ),
    open_tools=open_tools,
    due=(
        due_of(outgoing),
        Due(status_notice.c.due_at, lambda *_: 30.0),
    ),
    signing_keys=key_set,
)
