"""Partners' web services. A protocol is data: how a request is written, and what a successful answer says."""

from dispatch.partners.base import Account as Account
from dispatch.partners.base import Protocol as Protocol
from dispatch.partners.base import Request as Request
from dispatch.partners.base import Update as Update
from dispatch.partners.base import Verdict as Verdict
from dispatch.partners.base import judge as judge
from dispatch.partners.base import render as render
from dispatch.partners.base import scrub as scrub
from dispatch.partners.myservicecentral import MYSERVICECENTRAL

PROTOCOLS: dict[str, Protocol] = {"myservicecentral": MYSERVICECENTRAL}
