"""A stand-in for the MyServiceCentral web service of American Home Shield.

The real protocol is private: this one speaks the form that Callboard sends by default, and can be told to
misbehave in every way that a partner's server may.
"""

import asyncio
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import parse_qsl

from fastapi import APIRouter, Depends, FastAPI, HTTPException, Query, Request, Response
from fastapi.responses import FileResponse, RedirectResponse
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError
from pydantic.alias_generators import to_camel

from simulators import page
from simulators.behaviour import Behaviour, Temper
from simulators.ledger import Entry, Ledger

Word = Annotated[str, Field(min_length=1, max_length=500)]


class StatusUpdate(BaseModel):
    """The form of a request. `update_id` is the sender's own id: a repeat carries the same one."""

    model_config = ConfigDict(alias_generator=to_camel, extra="ignore", frozen=True)

    company_id: Word
    user_id: Word
    password: Annotated[SecretStr, Field(min_length=1)]
    update_id: Word
    dispatch_id: Word
    status_code: Word
    status_name: Word
    status_date_time: str | None = None
    note: str | None = None


FORM: dict[str, Any] = {
    "requestBody": {"content": {"application/json": {"schema": StatusUpdate.model_json_schema()}}}
}
router = APIRouter()


def create_app(ledger: Path) -> FastAPI:
    """Status updates go to `POST /updates`; the page at `/` shows them."""
    app = FastAPI(title="MyServiceCentral simulator", version="1")
    app.state.ledger, app.state.temper = Ledger(ledger), Temper()
    app.include_router(router)
    return app


def _ledger(request: Request) -> Ledger:
    return request.app.state.ledger


def _temper(request: Request) -> Temper:
    return request.app.state.temper


Booking = Annotated[Ledger, Depends(_ledger)]
Mood = Annotated[Temper, Depends(_temper)]


@router.post("/updates", openapi_extra=FORM)
async def update(request: Request, ledger: Booking, temper: Mood) -> Response:
    """Books a status update. A repeated `updateId` is accepted and marked; it counts once."""
    behaviour, entry = await _decide(await request.body(), ledger, temper)
    if behaviour.mode == "stall":
        await asyncio.sleep(behaviour.seconds)
    return _answer(entry)


@router.get("/ledger")
async def entries(
    ledger: Booking, dispatch: Annotated[str | None, Query(max_length=60)] = None
) -> list[Entry]:
    """What was received, oldest first, at most the last 5,000."""
    return [entry for entry in ledger.entries if dispatch in (None, entry.dispatch_id)]


@router.get("/behaviour")
async def behaviour(temper: Mood) -> Behaviour:
    return temper.behaviour


@router.put("/behaviour")
async def behave(temper: Mood, chosen: Behaviour) -> Behaviour:
    """Answers so from now on."""
    temper.behaviour = chosen
    return chosen


@router.post("/behaviour", include_in_schema=False)
async def behave_by_button(request: Request, temper: Mood) -> Response:
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise HTTPException(403, "only from the simulator's own page")
    form = dict(parse_qsl((await request.body()).decode("utf-8", "replace")))
    try:
        temper.behaviour = Behaviour.model_validate(form)
    except ValidationError:
        raise HTTPException(422, "no such behaviour") from None
    return RedirectResponse("./", 303)


@router.get("/", include_in_schema=False)
async def show(
    ledger: Booking, temper: Mood, dispatch: Annotated[str, Query(max_length=60)] = "", live: str = "yes"
) -> Response:
    return page.ledger(ledger.entries, temper.behaviour, dispatch=dispatch, live=live != "no")


@router.get("/style.css", include_in_schema=False)
async def style() -> Response:
    return FileResponse(page.STYLE, media_type="text/css")


@router.get("/readyz")
async def readyz() -> dict[str, str]:
    return {"status": "ok"}


async def _decide(body: bytes, ledger: Ledger, temper: Temper) -> tuple[Behaviour, Entry]:
    now = datetime.now(UTC)
    try:
        told = StatusUpdate.model_validate_json(body)
    except ValidationError as error:
        problem = ", ".join(".".join(map(str, each["loc"])) or each["msg"] for each in error.errors())
        invalid = Entry(at=now, decision="invalid", status=400, problem=f"Missing or wrong: {problem}"[:500])
        return Behaviour(), await ledger.add(lambda _: invalid)
    behaviour = temper.take()
    mode = behaviour.mode
    words = told.model_dump(exclude={"password"})
    status = {"refuse": 422, "fail": 500}.get(mode, 200)

    def book(booked: set[str]) -> Entry:
        accepts = mode in ("accept", "stall")
        return Entry(
            at=now,
            decision=mode,
            status=status,
            booked=accepts,
            repeat=accepts and told.update_id in booked,
            **words,
        )

    return behaviour, await ledger.add(book)


def _answer(entry: Entry) -> Response:
    said: Mapping[str, Any] | str = {
        "accept": {"result": "accepted", "updateId": entry.update_id},
        "stall": {"result": "accepted", "updateId": entry.update_id},
        "refuse": {"result": "refused", "message": "The dispatch is closed."},
        "lie": {"result": "error", "message": "Status could not be saved."},
        "fail": "Internal Server Error",
        "garble": "<!doctype html><title>Sign in</title><p>Your session has ended.",
        "invalid": {"result": "invalid", "message": entry.problem},
    }[entry.decision]
    if isinstance(said, str):
        return Response(said, entry.status, media_type="text/html")
    return Response(json.dumps(said), entry.status, media_type="application/json")
