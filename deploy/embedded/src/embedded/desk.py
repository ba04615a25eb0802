"""The start page: what came in by mail, what stands on the board, what the partner was told. Read only. The
page holds nothing: its script shows what the account that logs on may see."""

from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import FileResponse
from simulators import page

HERE = Path(__file__).parent
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "
    "form-action 'none'; base-uri 'none'; frame-ancestors 'none'",
}
router = APIRouter(include_in_schema=False)


@router.get("/")
async def start() -> FileResponse:
    return FileResponse(HERE / "desk.html", media_type="text/html", headers=HEADERS)


@router.get("/desk.js")
async def script() -> FileResponse:
    return FileResponse(HERE / "desk.js", media_type="text/javascript")


@router.get("/style.css")
async def style() -> FileResponse:
    return FileResponse(page.STYLE, media_type="text/css")
