"""The bundled synthetic mails, what is right for each, and the settings they were made for."""

import json
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

SENDER = "noreply@msg.frontdoor.com"
SETTINGS: dict[str, Any] = {
    "name": "Sample mails",
    "partner": "ahs",
    "customer": "American Home Shield",
    "address": "office@contractor.example",
    "authserv_id": "mx.contractor.example",
    "vendor_id": "900001",
    "processed_to": "processed@contractor.example",
    "error_to": "errors@contractor.example",
    "return_name": "Callboard",
}

_FOLDER = files("embedded") / "samples"


def mails() -> Iterator[tuple[str, bytes]]:
    """Name and bytes, in the order in which they must be delivered."""
    for answer in answers():
        yield answer["file"], (_FOLDER / answer["file"]).read_bytes()


def answers() -> list[dict[str, Any]]:
    """One a mail: `allowed` outcomes, `must` hold properties, `of` or `dispatch` name the number."""
    return [json.loads(line) for line in (_FOLDER / "answers.jsonl").read_text().splitlines()]


def deliver(maildir: Path) -> None:
    """Puts them into the Maildir as a mail server would. Doing it twice before they are read is harmless."""
    for name, raw in mails():
        written = maildir / "tmp" / f"{name}.sample"
        written.write_bytes(raw)
        written.rename(maildir / "new" / f"{name}.sample")
