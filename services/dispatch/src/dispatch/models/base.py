"""The registry of this service's tables."""

from shared.tables import new_base

Base = new_base()
