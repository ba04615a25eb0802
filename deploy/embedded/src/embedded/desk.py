"""The start page: what came in by mail, what stands on the board, what the partner was told. Read only."""

import asyncio
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import FileResponse, HTMLResponse
from jinja2 import Environment, FileSystemLoader
from simulators import page

from embedded.office import Office

ROWS = 50
router = APIRouter(include_in_schema=False)

_templates = Environment(
    loader=FileSystemLoader(Path(__file__).parent), autoescape=True, trim_blocks=True, lstrip_blocks=True
)


@router.get("/")
async def start(request: Request, live: Annotated[str, Query(max_length=3)] = "yes") -> HTMLResponse:
    async with Office(request.app) as office:
        mails, dispatches, deliveries, technicians = await asyncio.gather(
            office.read("/v1/mails", limit=ROWS),
            office.read("/v1/dispatches", limit=ROWS),
            office.read("/v1/deliveries", limit=ROWS),
            office.read("/v1/technicians"),
        )
    words: dict[str, Any] = {
        "mails": mails["items"],
        "dispatches": dispatches["items"],
        "deliveries": deliveries["items"],
        "technicians": {each["id"]: each["name"] for each in technicians},
        "live": live != "no",
    }
    html = _templates.get_template("desk.html").render(words)
    refresh = {"Refresh": "5"} if words["live"] else {}
    return HTMLResponse(html, headers={**page.HEADERS, **refresh})


@router.get("/style.css")
async def style() -> FileResponse:
    return FileResponse(page.STYLE, media_type="text/css")
