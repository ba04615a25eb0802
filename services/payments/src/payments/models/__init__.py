"""The tables."""

from payments.models.attempts import alert as alert
from payments.models.attempts import attempt as attempt
from payments.models.attempts import attempt_invoice as attempt_invoice
from payments.models.attempts import difference as difference
from payments.models.attempts import operation as operation
from payments.models.attempts import payment_event as payment_event
from payments.models.attempts import ticket as ticket
from payments.models.attempts import webhook as webhook
from payments.models.base import Base as Base
from payments.models.connections import gateway_connection as gateway_connection
from payments.models.connections import gateway_consent as gateway_consent
from payments.models.gateways import gateway_account as gateway_account
from payments.models.gateways import gateway_token as gateway_token
from payments.models.gateways import saved_card as saved_card
from payments.models.heard import company as company
from payments.models.heard import customer as customer
from payments.models.heard import dispatch as dispatch
from payments.models.heard import location as location
from payments.models.invoices import counter as counter
from payments.models.invoices import entry as entry
from payments.models.invoices import invoice as invoice
from payments.models.invoices import invoice_line as invoice_line
from payments.models.invoices import payment as payment
from payments.models.mails import invoice_mail as invoice_mail
from payments.models.mails import invoice_reminder as invoice_reminder
from payments.models.mails import reminder_setting as reminder_setting
