"""All events. Importing this module fills `Event.registry`."""

from shared.events import customer as customer
from shared.events import dispatch as dispatch
from shared.events import money as money
from shared.events import portal as portal
from shared.events import status_code as status_code
from shared.events import technician as technician
from shared.events.base import Envelope as Envelope
from shared.events.base import Event as Event
from shared.events.base import Record as Record
