"""The simulator's page: HTML made here, without scripts and without anything from elsewhere."""

from collections.abc import Iterable
from itertools import islice
from pathlib import Path

from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader

from simulators.behaviour import Behaviour
from simulators.ledger import Entry

HERE = Path(__file__).parent
STYLE = HERE / "style.css"
SHOWN = 200
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}

_templates = Environment(loader=FileSystemLoader(HERE), autoescape=True, trim_blocks=True, lstrip_blocks=True)


def ledger(entries: Iterable[Entry], behaviour: Behaviour, *, dispatch: str, live: bool) -> HTMLResponse:
    """The newest entries by dispatch, the dispatch that was last told first. `live` looks again every few
    seconds."""
    newest = [entry for entry in reversed(list(entries)) if dispatch in ("", entry.dispatch_id)]
    groups: dict[str, list[Entry]] = {}
    for entry in islice(newest, SHOWN):
        groups.setdefault(entry.dispatch_id or "", []).append(entry)
    words = {"groups": groups, "count": len(newest), "shown": SHOWN, "behaviour": behaviour}
    html = _templates.get_template("page.html").render(words, dispatch=dispatch, live=live)
    return HTMLResponse(html, headers={**HEADERS, **({"Refresh": "5"} if live else {})})
