"""Who goes there."""

from uuid import UUID

from shared.events.base import Event


class TechnicianChanged(Event, name="technician.changed.v1", heard_by=("portal-api",)):
    """`is_default` is the one to whom what nobody assigned goes."""

    technician_id: UUID
    version: int
    name: str
    zone: str | None = None
    trades: tuple[str, ...] = ()
    is_default: bool = False
    retired: bool = False
