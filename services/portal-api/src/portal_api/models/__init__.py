"""Tables, a module for each concern. Importing this module fills `Base.metadata`."""

from portal_api.models.base import Base as Base
