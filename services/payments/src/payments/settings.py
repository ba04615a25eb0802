"""What can be set for this service, beside what every service has."""

from typing import Self

from pydantic import Field, model_validator
from shared.settings import Settings


class PaymentsSettings(Settings):
    currency: str = Field("USD", pattern=r"^[A-Z]{3}$", description="ISO code of new invoices' currency.")
    invoice_prefix: str = Field("INV-", max_length=10, description="Before an invoice's number.")
    credit_note_prefix: str = Field("CN-", max_length=10, description="Before a credit note's number.")
    invoice_first: int = Field(1, ge=1, description="The first invoice number ever given.")
    terms_days: int = Field(14, ge=0, le=365, description="Days until a new invoice is due.")
    tax_rate: str = Field(
        "0",
        pattern=r"^[0-9]{1,2}(\.[0-9]{1,4})?$",
        description="Tax on new invoices' taxable lines, in percent.",
    )
    payments_url: str = Field(
        "http://127.0.0.1:8000",
        description="Where browsers and gateways reach this service: the beginning of return addresses.",
    )
    web_url: str = Field(
        "http://127.0.0.1:8000", description="The web pages, to which a payer comes back after paying."
    )
    sandbox_url: str = Field(
        "",
        description="Development: the simulated gateway that takes payments while no card service is set up. "
        "Empty: none.",
    )
    pay_link_days: int = Field(
        60, ge=0, le=365, description="A pay link in an invoice's mail ends after so many days. 0: none."
    )
    company_name: str = Field("Callboard", description="On invoices, until company information is set.")
    default_zone: str = Field(
        "America/Chicago", description="IANA zone of the office's days, until company information says it."
    )
    gateway_seconds: float = Field(
        60, gt=0, le=300, description="Longest wait for a gateway; processors can take over 30 seconds."
    )
    checkout_minutes: int = Field(120, ge=5, le=1440, description="A payment page is given up after this.")
    janitor_seconds: float = Field(
        15, gt=0, le=600, description="How often unsettled payments are looked through."
    )
    outgoing_batch: int = Field(20, ge=1, le=500, description="Most mails taken at once.")
    outgoing_give_up_hours: float = Field(
        72, gt=0, description="A mail refused for this long has failed and waits for a person."
    )

    @model_validator(mode="after")
    def _takes_real_money(self) -> Self:
        if self.environment == "production" and self.sandbox_url:
            raise ValueError("CALLBOARD_SANDBOX_URL is for development: its payments are no money")
        return self
