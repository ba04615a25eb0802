"""The office's status codes."""

from shared.events.base import Event


class StatusCodeChanged(Event, name="status_code.changed.v1", heard_by=("portal-api",)):
    """A code is new or edited. `closes`: a dispatch with it is done; `retired`: none gets it any more."""

    code: str
    version: int
    description: str
    closes: bool = False
    retired: bool = False
