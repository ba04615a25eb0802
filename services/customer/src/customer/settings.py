"""What can be set for this service, beside what every service has."""

from pydantic import Field
from shared.settings import Settings

from customer.evidence import PHONE, SECOND_PHONE
from customer.matching import OTHER_PLACE


class CustomerSettings(Settings):
    match_automatic: int = Field(
        85,
        gt=OTHER_PLACE,
        le=100,
        description="From this score on a dispatch is given to a customer unasked.",
    )
    match_review: int = Field(
        60,
        gt=PHONE + SECOND_PHONE,
        le=100,
        description="From this score on a person is asked; below it the customer is new.",
    )
    default_zone: str = Field(
        "America/Chicago", description="IANA zone of a location whose address does not tell it."
    )
    bill_to: dict[str, str] = Field(
        {"ahs": "American Home Shield"},
        description="Who pays a partner's dispatches where the mailbox names nobody: partner code to name.",
    )
