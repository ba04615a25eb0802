"""The settings of an account at each gateway, with the words that its form shows.

A base URL is where the gateway lives; another one is only for its test system or a simulator.
"""

from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, StringConstraints

Word = Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)]
Url = Annotated[str, StringConstraints(pattern=r"^https?://[^\s?#]+$", max_length=500)]
Secret = Annotated[SecretStr, Field(min_length=1, max_length=4000)]


class Account(BaseModel):
    """`links` are shown beside the form: an address may have the form's own fields in it."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    links: ClassVar[dict[str, str]] = {}
    harmless: ClassVar[frozenset[str]] = frozenset()
    """Fields that may change without the secrets being entered again: they say neither where these go nor by
    whom."""


def secrets_of(model: type[Account]) -> set[str]:
    """The names of the fields that are never given out."""
    return {name for name, field in model.model_fields.items() if field.annotation is SecretStr}


class SandboxAccount(Account):
    """No account needed. `base_url` empty: the sandbox that comes with this Callboard, if one does.
    `webhook_secret` empty: no webhook is believed."""

    base_url: Annotated[Literal[""] | Url, Field(title="Address of the sandbox")] = ""
    webhook_secret: Annotated[SecretStr, Field(title="Webhook secret")] = SecretStr("")


class MerchantwareAccount(Account):
    """Copy the three values from the welcome mail of Merchant Warehouse. The key is stored sealed."""

    harmless: ClassVar[frozenset[str]] = frozenset({"version"})
    site_id: Annotated[Word, Field(title="Site ID")]
    key: Annotated[Secret, Field(title="Key")]
    name: Annotated[Word, Field(title="Name")]
    version: Annotated[Literal["4.0", "4.5"], Field(title="Version of the Credit service")] = "4.0"
    base_url: Annotated[Url, Field(title="Address")] = "https://ps1.merchantware.net"
    transport_url: Annotated[Url, Field(title="Address of the payment page")] = (
        "https://transport.merchantware.net"
    )


class QbmsAccount(Account):
    """Intuit closed this service on November 12, 2019; use QuickBooks Payments for new accounts."""

    links: ClassVar[dict[str, str]] = {
        "Retrieve my connection ticket": "{ticket_url}?appid={app_id}&sessionEnabled=false"
    }
    connection_ticket: Annotated[Secret, Field(title="Connection ticket")]
    application_login: Annotated[Word, Field(title="Application Login")]
    app_id: Annotated[str, Field(title="AppID", max_length=50)] = ""
    base_url: Annotated[Url, Field(title="Address")] = "https://webmerchantaccount.quickbooks.com"
    paypage_url: Annotated[Url, Field(title="Address of the payment page")] = (
        "https://paymentservices.intuit.com"
    )
    ticket_url: Annotated[Url, Field(title="Address of the connection ticket")] = (
        "https://merchantaccount.quickbooks.com/j/sdkconnection"
    )


class QuickBooksAccount(Account):
    """The tokens are not settings: they come from Connect to QuickBooks and change by themselves."""

    client_id: Annotated[Word, Field(title="Client ID")]
    client_secret: Annotated[Secret, Field(title="Client secret")]
    base_url: Annotated[Url, Field(title="Address")] = "https://api.intuit.com"
    oauth_url: Annotated[Url, Field(title="Address for tokens")] = "https://oauth.platform.intuit.com"
    connect_url: Annotated[Url, Field(title="Address to connect at")] = (
        "https://appcenter.intuit.com/connect/oauth2"
    )
    revoke_url: Annotated[Url, Field(title="Address to disconnect at")] = "https://developer.api.intuit.com"


class PayPalAccount(Account):
    """`webhook_id` empty: no webhook is believed."""

    harmless: ClassVar[frozenset[str]] = frozenset({"webhook_id"})
    client_id: Annotated[Word, Field(title="Client ID")]
    client_secret: Annotated[Secret, Field(title="Client secret")]
    webhook_id: Annotated[str, Field(title="Webhook ID", max_length=100)] = ""
    base_url: Annotated[Url, Field(title="Address")] = "https://api-m.paypal.com"


class StripeAccount(Account):
    """`webhook_secret` empty: no webhook is believed."""

    secret_key: Annotated[Secret, Field(title="Secret key")]
    webhook_secret: Annotated[SecretStr, Field(title="Webhook secret")] = SecretStr("")
    base_url: Annotated[Url, Field(title="Address")] = "https://api.stripe.com"
