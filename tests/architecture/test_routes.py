"""No door without a lock: every route says who may come in."""

from typing import Annotated

import pytest
from embedded.house import SERVICES
from fastapi import APIRouter, Depends
from shared.auth import allow, allow_anyone
from shared.health import health_router
from shared.routes import every_route
from shared.service import Service


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
