"""Tables, a module for each concern. Importing this module fills `Base.metadata`."""

from portal_api.models import accounts as accounts
from portal_api.models import company as company
from portal_api.models import messages as messages
from portal_api.models import records as records
from portal_api.models import requests as requests
from portal_api.models import stream as stream
from portal_api.models import tokens as tokens
from portal_api.models import webhooks as webhooks
from portal_api.models.base import Base as Base
