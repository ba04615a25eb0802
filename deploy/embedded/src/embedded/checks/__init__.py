"""The ledger of the whole job: what came in, held against what came out. Each check lists what does not add
up: `wrong`, or `waiting` while it is young enough to be on its way."""

from embedded.checks import dispatches, gateways, invoices, mails, money, told
from embedded.checks.base import Books as Books
from embedded.checks.base import Check as Check
from embedded.checks.money import MoneyBooks as MoneyBooks
from embedded.checks.told import simulator_agrees as simulator_agrees

CHECKS = (
    mails.mails_settle,
    mails.mails_are_kept,
    mails.forwards_went_out,
    dispatches.mails_became_dispatches,
    dispatches.numbers_are_unique,
    dispatches.dispatches_have_a_cause,
    dispatches.dispatches_have_customers,
    told.deliveries_settle,
    told.deliveries_keep_their_order,
    told.events_went_out,
    told.events_were_handled,
)

MONEY_CHECKS = (
    money.attempts_agree,
    money.charges_are_paid_in,
    money.payments_are_allocated,
    money.refunds_fit,
    money.refunds_are_booked,
    invoices.numbers_have_no_gaps,
    invoices.balances_are_told,
    gateways.attempts_settle,
    gateways.webhooks_are_read,
    gateways.gateways_agree,
)
