"""Events in. Each module of `hears` adds its own."""

from shared.service import Handlers

handlers = Handlers()
