"""`python -m simulators serve`: the partner's stand-in as a server of its own."""

import tempfile
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, help="Stand-ins for partners' systems.", add_completion=False)


@app.callback()
def _many() -> None: ...


@app.command("serve")
@app.command("myservicecentral")
def myservicecentral(
    ledger: Annotated[
        Path | None, typer.Option(help="File that keeps what was received; without it a temporary one.")
    ] = None,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 8000,
) -> None:
    """MyServiceCentral: takes status updates at /updates and shows them at /."""
    import uvicorn

    from simulators.myservicecentral import create_app

    ledger = ledger or Path(tempfile.mkdtemp(prefix="simulators-")) / "myservicecentral.jsonl"
    uvicorn.run(create_app(ledger), host=host, port=port, access_log=False, timeout_graceful_shutdown=3)


@app.command("gateways")
def gateways(
    folder: Annotated[
        Path | None, typer.Option(help="Folder of the ledgers; without it a temporary one.")
    ] = None,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 8000,
    public_url: Annotated[str, typer.Option(help="Where browsers find it, if elsewhere.")] = "",
) -> None:
    """The payment gateways: /sandbox, /merchantware, /qbms, /quickbooks, /paypal and /stripe."""
    import uvicorn

    from simulators.gateways.all import create_app

    folder = folder or Path(tempfile.mkdtemp(prefix="simulators-"))
    uvicorn.run(
        create_app(folder, public_url=public_url),
        host=host,
        port=port,
        access_log=False,
        timeout_graceful_shutdown=3,
    )


if __name__ == "__main__":
    app()
