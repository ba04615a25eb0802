"""What can be set for this service, beside what every service has."""

from pydantic import Field, field_validator
from shared.settings import Settings

from dispatch.windows import zone_of


class DispatchSettings(Settings):
    initial_status: str = Field("Pending", description="Office code of a new dispatch.")
    cancelled_status: str = Field("Cancelled", description="Office code of one that the partner cancelled.")
    scheduled_status: str = Field("Scheduled", description="Office code when an appointment is set.")
    cancel_types: tuple[str, ...] = Field(
        ("CANCEL",), min_length=1, description="A partner's dispatch type that begins so is a cancellation."
    )
    default_zone: str = Field(
        "America/Chicago", description="IANA zone of a dispatch whose location's zone is not known yet."
    )
    partner_connections: int = Field(8, ge=1, le=100, description="Status updates on their way at once.")
    partner_seconds: float = Field(20, gt=0, le=300, description="Longest wait for a partner's answer.")
    delivery_attempts: int = Field(
        30, ge=1, description="Tries of a status update before it is given up and a person is told."
    )
    delivery_first_pause: float = Field(5, ge=0, description="Seconds before the second try; then doubled.")
    delivery_longest_pause: float = Field(3600, ge=0, description="Most seconds between two tries.")
    resend_hours: float = Field(
        24, ge=0, description="An open dispatch tells its status again after so many hours; 0: never."
    )

    @field_validator("default_zone")
    @classmethod
    def _is_a_zone(cls, name: str) -> str:
        return zone_of(name).key
