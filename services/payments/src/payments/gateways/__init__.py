"""Payment gateways: one port, one adapter each."""
