"""Settings of portal-api."""

from typing import Annotated

from pydantic import Field
from shared.settings import Settings


class PortalSettings(Settings):
    """Besides those that every service has."""

    web_url: str = "http://127.0.0.1:8000"
    """The address under which people reach Callboard; every link in a mail begins with it."""
    requests_a_day: Annotated[int, Field(ge=1)] = 10
    """Most visits that one household may ask for in 24 hours."""
    signing_key_days: Annotated[int, Field(ge=1, le=365)] = 30
    """Age at which the key that signs access tokens is replaced."""
    outgoing_batch: Annotated[int, Field(ge=1, le=500)] = 100
    """Most mails taken at once."""
    outgoing_give_up_hours: Annotated[float, Field(gt=0)] = 72.0
    """A mail refused for this long has failed and waits for a person."""
    outgoing_keep_days: Annotated[float, Field(gt=0)] = 400.0
    """Mails that are over, and the statuses and visits that they were to tell of, are erased when they are
    this old."""
    notice_wait_minutes: Annotated[float, Field(gt=0)] = 60.0
    """A status mail waits so long for its customer to become known."""
    password_memory_kib: Annotated[int, Field(ge=8)] = 19_456
    """Memory of one argon2id hash, in KiB. OWASP's least is 19,456 with a time of 2."""
    password_time: Annotated[int, Field(ge=1)] = 2
    """Passes of one argon2id hash over that memory."""
    logon_attempts: Annotated[int, Field(ge=1)] = 10
    """Wrong passwords in 15 minutes after which an account lets in known devices only; each of those has
    as many of its own."""
    address_attempts: Annotated[int, Field(ge=1)] = 100
    """Wrong passwords in 15 minutes after which an address may try no more, except from known devices."""
    webhook_seconds: Annotated[float, Field(gt=0, le=60)] = 15
    """Longest wait for a webhook's target."""
    webhook_pauses: tuple[Annotated[float, Field(ge=0)], ...] = (
        5,
        300,
        1800,
        7200,
        18_000,
        36_000,
        50_400,
        72_000,
        86_400,
    )
    """Seconds between the tries of a webhook, as Standard Webhooks has them; then it has failed."""
    webhook_failing_days: Annotated[float, Field(gt=0)] = 5
    """A webhook subscription without one success for so long is disabled."""
    webhook_keep_days: Annotated[float, Field(gt=0)] = 30
    """Webhooks and what became of them are kept for so long."""
    webhook_ports: tuple[int, ...] = (443, 8443, 80)
    """Ports that a webhook may name; empty: any."""
    webhook_http: bool = False
    """Webhooks may go over plain http://, for development."""
    webhook_private_hosts: bool = False
    """Webhooks may go to private addresses; metadata addresses never."""
    webhook_ca_file: str = ""
    """One more certificate authority for webhooks: the path of a PEM file."""
    stream_seconds: Annotated[float, Field(gt=0)] = 3600
    """A live stream ends after so long, and its listener comes again."""
    stream_heartbeat_seconds: Annotated[float, Field(gt=0, le=60)] = 15
    """A live stream on which nothing happens says so this often."""
    stream_slow_seconds: Annotated[float, Field(gt=0)] = 20
    """A listener who takes nothing for so long is dropped."""
    stream_connections: Annotated[int, Field(ge=1)] = 1000
    """Most live streams of a process."""
    stream_account_connections: Annotated[int, Field(ge=1)] = 10
    """Most live streams of an account in a process."""
    stream_keep_seconds: Annotated[float, Field(gt=0)] = 3600
    """A listener who was away for longer must load anew."""
    stream_keep_events: Annotated[int, Field(ge=1)] = 10_000
    """A listener who missed more must load anew."""
