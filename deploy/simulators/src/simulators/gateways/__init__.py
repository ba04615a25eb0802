"""Stand-ins for payment gateways, each with a ledger, a page to pay at, webhooks and faults to order.

No page asks for a card number: a payer chooses among cards that exist nowhere.
"""
