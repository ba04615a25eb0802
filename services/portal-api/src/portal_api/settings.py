"""Settings of portal-api."""

from shared.settings import Settings


class PortalSettings(Settings):
    """Besides those that every service has."""

    web_url: str = "http://127.0.0.1:8000"
    """The address under which people reach Callboard; every link in a mail begins with it."""
