"""All services in one process: one SQLite file each, events delivered inside the process."""

import os
from typing import Any

from customer.service import service as customer
from dispatch.service import service as dispatch
from fastapi import Depends, FastAPI
from mail_ingest.service import service as mail_ingest
from payments.service import service as payments
from portal_api.service import service as portal_api
from shared.app import create_app
from shared.bus import LocalBus
from shared.db import Database
from shared.service import Running, Service
from shared.settings import Settings, read_settings

from embedded.data import Data
from embedded.tables import bring_up_to_date

SERVICES = (mail_ingest, dispatch, customer, payments, portal_api)
SIMULATOR = "/partner/updates"  # only there while a Callboard runs
SANDBOX = "/gateways/sandbox"
OWN_KEYS = "/v1/jwks"  # portal-api is in this process: nobody else's keys count, and nothing is fetched
Services = dict[str, Running[Any]]


def settings_of(service: Service, data: Data, *, demo: bool = False, url: str = "") -> Settings:
    """What the environment says, except for what an embedded Callboard keeps in its own folder; sample mails
    are forwarded to nobody. `url` is where it listens. Raises SettingsRefused."""
    kept: dict[str, Any] = {
        "database_url": data.database_url(service.name),
        "mail_dir": str(data.outgoing),
        "jwks_url": OWN_KEYS,
    }
    if url:
        kept |= _addresses(url, demo=demo)
    if demo:
        kept["smtp_host"] = ""
    if "CALLBOARD_SECRET_KEY" not in os.environ:
        kept["secret_key"] = data.key_file.read_text().strip()
        if "CALLBOARD_OLD_SECRET_KEYS" not in os.environ:
            kept["old_secret_keys"] = data.old_keys()
    return read_settings(service.settings, **kept)


def _addresses(url: str, *, demo: bool) -> dict[str, str]:
    """Those that the environment does not say. Browsers reach all services at one address. Test money is only
    taken where somebody chose that: by --demo, or by naming the environment "development"."""
    web = os.environ.get("CALLBOARD_WEB_URL", url)
    ours = {"web_url": web, "payments_url": web}
    if demo or os.environ.get("CALLBOARD_ENVIRONMENT") == "development":
        ours["sandbox_url"] = url + SANDBOX
    return {name: value for name, value in ours.items() if f"CALLBOARD_{name.upper()}" not in os.environ}


def open_services(data: Data, *, demo: bool = False, url: str = "") -> Services:
    bus = LocalBus()
    services: Services = {}
    for service in SERVICES:
        settings = settings_of(service, data, demo=demo, url=url)
        running: Running[Any] = Running(service, settings, Database(settings.database_url), bus)
        bus.join(running)
        services[service.name] = running
    return services


async def migrate_all(services: Services, data: Data) -> None:
    for running in services.values():
        await bring_up_to_date(running.service, data.database(running.name))
        running.migrated = running.suits = True  # nobody need look for it


def create_house(services: Services, data: Data) -> FastAPI:
    """The one app: every service's routes. In development also the pages for people at this machine, and the
    partner's simulator."""
    app = create_app(*services.values())
    if services["dispatch"].settings.environment == "development":
        from embedded import desk
        from embedded.local import OnlyLocal, only_local

        app.mount("/partner", OnlyLocal(lambda: _partner(data)))
        app.mount("/gateways", OnlyLocal(lambda: _gateways(data)))
        app.include_router(desk.router, dependencies=[Depends(only_local)])
    return app


def _partner(data: Data) -> FastAPI:
    from simulators.myservicecentral import create_app

    return create_app(data.partner_ledger)


def _gateways(data: Data) -> FastAPI:
    from simulators.gateways.all import create_app

    return create_app(data.root / "gateways")
