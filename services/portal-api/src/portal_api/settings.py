"""Settings of portal-api."""

from typing import Annotated

from pydantic import Field
from shared.settings import Settings


class PortalSettings(Settings):
    """Besides those that every service has."""

    web_url: str = "http://127.0.0.1:8000"
    """The address under which people reach Callboard; every link in a mail begins with it."""
    password_memory_kib: Annotated[int, Field(ge=8)] = 19_456
    """Memory of one argon2id hash, in KiB. OWASP's least is 19,456 with a time of 2."""
    password_time: Annotated[int, Field(ge=1)] = 2
    """Passes of one argon2id hash over that memory."""
    logon_attempts: Annotated[int, Field(ge=1)] = 10
    """Wrong passwords in 15 minutes after which an account lets in known devices only; each of those has
    as many of its own."""
    address_attempts: Annotated[int, Field(ge=1)] = 100
    """Wrong passwords in 15 minutes after which an address may try no more, except from known devices."""
