"""`callboard run`: the whole system in this process, until it is told to stop."""

import asyncio
import gc
import signal
import socket
import sys
from pathlib import Path

from pydantic import ValidationError
from shared.schema import TooNew
from shared.telemetry import configure_logging

from embedded.data import AlreadyRunning, Data, open_data
from embedded.first import ADMINISTRATOR, First, first_start
from embedded.house import SANDBOX, SIMULATOR, create_house, migrate_all, open_services
from embedded.office import Office
from embedded.seed import seed
from embedded.serve import listening, serving


def run(root: Path, host: str, port: int, *, demo: bool) -> int:
    """The exit status: 0 when it was told to stop, 1 where it could not start."""
    data = open_data(root)
    try:
        with data.locked(), listening(host, port) as listener:
            data.prepare()
            asyncio.run(_run(data, listener, demo=demo))
    except AlreadyRunning as error:
        return _refuse(f"{error} Stop it, or choose another folder with --data.")
    except TooNew as error:
        return _refuse(f"{error}.")
    except ValidationError as error:
        return _refuse("\n".join(f"{each['msg']}" for each in error.errors()))
    except OSError as error:
        return _refuse(f"Cannot listen on {host}:{port} ({error.strerror}). Choose another one with --port.")
    return 0


def _refuse(why: str) -> int:
    print(why, file=sys.stderr)
    return 1


async def _run(data: Data, listener: socket.socket, *, demo: bool) -> None:
    host, port = listener.getsockname()[:2]
    url = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    services = open_services(data, demo=demo, url=url)
    settings = services["dispatch"].settings
    development = settings.environment == "development"
    configure_logging(settings.log_level if "log_level" in settings.model_fields_set else "warning")
    await migrate_all(services, data)
    app = create_house(services, data)
    first = await first_start(services["portal-api"], program=development)
    # uvicorn stops on a signal and then raises it again; by then we are on our way out
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: None)
    async with serving(app, listener) as server:
        if development:  # it answers meanwhile, and the simulated partner can be reached
            async with Office(app) as office:
                await seed(office, data, url + SIMULATOR, demo=demo)
        gc.freeze()
        gc.enable()
        print(_where_to_look(url, data, first, development=development), flush=True)
        await server


def _where_to_look(url: str, data: Data, first: First | None, *, development: bool) -> str:
    places = {"API": f"{url}/docs"}
    if development:
        places = {
            "Start page": f"{url}/",
            "Partner": f"{url}/partner/  (simulated: see what it was told, make it fail)",
            "Gateway": f"{url}{SANDBOX}/  (simulated: no money moves)",
            **places,
        }
    places |= {"Incoming": f"{data.mailbox}/new  (a Maildir)", "Outgoing": str(data.outgoing)}
    lines = [f"  {name:<11} {place}" for name, place in places.items()]
    if first:
        lines += ["", "  Log on with this, which is shown this once; you then choose a password of your own:"]
        lines += [f"  User name   {ADMINISTRATOR}", f"  Password    {first.password}"]
    lines += ["", *(_as_program(url, *first.client) if first and first.client else _as_owner(url, data))]
    return "\n".join(["Callboard is running.", *lines, "", "Ctrl-C stops it."])


def _as_program(url: str, client_id: str, secret: str) -> list[str]:
    take = "python3 -c 'import json, sys; print(json.load(sys.stdin)[\"access_token\"])'"
    return [
        "  The API, as a program that may read (the secret is shown this once, a token ends in 15 minutes):",
        f"  CLIENT={client_id}:{secret}",
        f'  TOKEN=$(curl -su "$CLIENT" -d grant_type=client_credentials {url}/v1/oauth/token | {take})',
        f'  curl -H "Authorization: Bearer $TOKEN" {url}/v1/mails',
    ]


def _as_owner(url: str, data: Data) -> list[str]:
    folder = f"--data {data.root}"
    return [
        f"  Password lost?  callboard admin reset-password {ADMINISTRATOR} {folder}",
        f'  The API:        curl -H "Authorization: Bearer $(callboard token {folder})" {url}/v1/mails',
    ]
