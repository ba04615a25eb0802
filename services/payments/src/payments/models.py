"""Tables: those that every service has, until this one owns more."""

from shared.tables import new_base

Base = new_base()
