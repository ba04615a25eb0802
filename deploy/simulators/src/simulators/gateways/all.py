"""All simulated gateways under one roof: `/sandbox`, `/stripe`, …"""

from pathlib import Path

from fastapi import FastAPI

from simulators.gateways import merchantware, paypal, qbms, quickbooks, sandbox, stripe

GATEWAYS = {
    "sandbox": sandbox.create_app,
    "merchantware": merchantware.create_app,
    "qbms": qbms.create_app,
    "quickbooks": quickbooks.create_app,
    "paypal": paypal.create_app,
    "stripe": stripe.create_app,
}


def create_app(folder: Path, *, public_url: str = "") -> FastAPI:
    """Each keeps its ledger in `folder`. `public_url` is where browsers find it, if not where it is asked."""
    app = FastAPI(title="Simulated payment gateways", version="1", openapi_url=None)
    for name, create in GATEWAYS.items():
        gateway = create(folder)
        gateway.state.house.public_url = public_url
        app.mount(f"/{name}", gateway)

    @app.get("/readyz")
    async def readyz() -> dict[str, str]:  # pyright: ignore[reportUnusedFunction]
        return {"status": "ready"}

    return app
