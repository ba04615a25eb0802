"""The tables."""

from dispatch.models.base import Base as Base
from dispatch.models.company import company as company
from dispatch.models.dispatches import alert as alert
from dispatch.models.dispatches import appointment as appointment
from dispatch.models.dispatches import dispatch as dispatch
from dispatch.models.dispatches import early as early
from dispatch.models.dispatches import history as history
from dispatch.models.dispatches import received as received
from dispatch.models.dispatches import technician as technician
from dispatch.models.partners import attempt as attempt
from dispatch.models.partners import delivery as delivery
from dispatch.models.partners import partner_account as partner_account
from dispatch.models.partners import status_association as status_association
from dispatch.models.partners import status_code as status_code
