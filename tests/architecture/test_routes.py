"""No door without a lock: every route says who may come in."""

from typing import Annotated

import pytest
from embedded.house import SERVICES
from fastapi import APIRouter, Depends
from payments.api import router as payments
from payments.api.guard import no_card_numbers
from payments.api.webhooks import router as webhooks
from shared.app import create_app
from shared.auth import allow, allow_anyone
from shared.bus import LocalBus
from shared.db import Database
from shared.health import health_router
from shared.routes import every_route
from shared.service import Handlers, Running, Service, no_tools
from shared.settings import Settings
from sqlalchemy import MetaData


def open_doors(router: APIRouter) -> list[str]:
    """Routes that declare neither roles nor that they are for anyone."""
    return [
        f"{min(route.methods)} {route.path} ({route.name})"
        for route in every_route(router)
        if not any(hasattr(each.call, "roles") for each in route.dependant.dependencies)
    ]


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_every_route_says_who_may_come_in(service: Service) -> None:
    assert not open_doors(service.router), (
        "say who may: a parameter `who: Annotated[Principal, Depends(allow(*OFFICE))]`, or "
        "`dependencies=[Depends(allow_anyone)]` where everybody may (shared.auth)"
    )


def test_every_route_about_money_refuses_card_numbers() -> None:
    """But for what gateways say: messages are scrubbed, and a browser that comes back is taken as it is."""
    unguarded = {
        route.path
        for route in every_route(payments)
        if not any(each.call is no_card_numbers for each in route.dependant.dependencies)
    }
    assert unguarded == {route.path for route in webhooks.routes} | {"/v1/gateway-connections/return"}


def test_a_router_in_a_router_is_refused() -> None:
    """Its prefix and its locks would be lost on the way into the app."""
    outer, inner = APIRouter(), APIRouter()
    inner.get("/v1/things", dependencies=[Depends(allow_anyone)])(lambda: None)
    outer.include_router(inner, dependencies=[Depends(allow("office.admin"))])
    nested = Service("toy", Settings, MetaData(), outer, Handlers(), (), no_tools)
    running: Running[None] = Running(nested, Settings(), Database("sqlite+aiosqlite:///:memory:"), LocalBus())
    with pytest.raises(TypeError, match="routes themselves"):
        create_app(running)


def test_the_routes_that_all_services_have_are_for_anyone() -> None:
    assert [route.path for route in every_route(health_router)] == ["/healthz", "/readyz", "/metrics"]
    assert not open_doors(health_router)


def test_an_open_door_is_found_however_deep_it_is() -> None:
    outer, inner = APIRouter(), APIRouter()
    for name, guard in (
        ("office", [Depends(allow("office.admin"))]),
        ("all", [Depends(allow_anyone)]),
        ("open", []),
    ):
        inner.get(f"/v1/{name}", dependencies=guard, name=name)(lambda: None)

    @inner.get("/v1/deep")
    async def deep(who: Annotated[str, Depends(lambda: "somebody")]) -> str:
        return who

    outer.include_router(inner)
    assert open_doors(outer) == ["GET /v1/open (open)", "GET /v1/deep (deep)"]
