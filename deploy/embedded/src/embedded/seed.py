"""What a new Callboard starts with: its Maildir as a mailbox, the simulated partner, one technician."""

import secrets

import httpx

from embedded import samples
from embedded.data import Data
from embedded.office import Office

PARTNER = "ahs"
POLL_SECONDS = 5


async def seed(office: Office, data: Data, partner_url: str, *, demo: bool) -> None:
    """Adds what is missing; leaves alone what somebody has set. With `demo` the sample mails wait in the
    mailbox of a Callboard that has none yet."""
    if not (await office.read("/v1/mailboxes"))["items"]:
        if demo:
            samples.deliver(data.mailbox)
        body = {
            "name": "Maildir",
            "partner": PARTNER,
            **(samples.SETTINGS if demo else {}),
            "trusted_senders": [samples.SENDER],
            "kind": "maildir",
            "path": str(data.mailbox),
            "poll_seconds": POLL_SECONDS,
        }
        await office.write("POST", "/v1/mailboxes", body)
    if not await office.read("/v1/technicians"):
        body = {"name": "First Technician", "is_default": True}
        await office.write("POST", "/v1/technicians", body)
    await _point_at_simulator(office, partner_url)


async def _point_at_simulator(office: Office, url: str) -> None:
    """The simulator listens on our own port, which may be another one this time."""
    accounts = {account["partner"]: account for account in await office.read("/v1/partner-accounts")}
    known = accounts.get(PARTNER)
    if known is None:
        login = {"company_id": "sample", "user_id": "sample", "password": secrets.token_urlsafe(16)}
        path = f"/v1/partner-accounts/{PARTNER}"
        await office.write("PUT", path, {"adapter": "myservicecentral", "url": url, **login}, 0)
    elif known["url"] != url and _is_simulator(known["url"], url):
        kept = {name: known[name] for name in ("adapter", "company_id", "user_id", "enabled", "protocol")}
        path = f"/v1/partner-accounts/{PARTNER}"
        again = {"url": url, "password": secrets.token_urlsafe(16)}  # another address asks for it again
        await office.write("PUT", path, {**kept, **again}, known["version"])


def _is_simulator(url: str, ours: str) -> bool:
    """Whether two addresses differ in their port alone."""
    return _without_port(url) == _without_port(ours)


def _without_port(url: str) -> tuple[str, str]:
    address = httpx.URL(url)
    return address.host, address.path
