"""What this service is."""

from shared.clock import Due
from shared.company import PASSWORD
from shared.mails import due_of
from shared.rotation import Sealed
from shared.service import Service

from portal_api.api import router
from portal_api.flows.company import tell_company_again
from portal_api.flows.keys import key_place
from portal_api.flows.logon import totp_place
from portal_api.flows.messages import message_place
from portal_api.flows.webhooks import secret_place
from portal_api.handlers import handlers
from portal_api.loops.keys import rotate_signing_keys
from portal_api.loops.mail import send
from portal_api.loops.notify import notify, remind
from portal_api.loops.resets import answer_resets
from portal_api.loops.stream import stream_hub
from portal_api.loops.sweep import sweep
from portal_api.loops.webhooks import deliver_webhooks
from portal_api.models import Base
from portal_api.models.accounts import account
from portal_api.models.company import company
from portal_api.models.messages import outgoing, status_notice
from portal_api.models.tokens import signing_key
from portal_api.models.webhooks import webhook_subscription
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
    sealed=(
        Sealed(account.c.totp, lambda row: totp_place(row.id)),
        Sealed(company.c.smtp_password, lambda _: PASSWORD),
        Sealed(outgoing.c.sealed, lambda row: message_place(row.id)),
        Sealed(signing_key.c.sealed, lambda row: key_place(row.kid)),
        Sealed(webhook_subscription.c.secret, lambda row: secret_place(row.id)),
        Sealed(webhook_subscription.c.previous_secret, lambda row: secret_place(row.id)),
    ),
    rotated=tell_company_again,
)
