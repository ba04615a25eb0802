"""The states of a payment attempt."""
