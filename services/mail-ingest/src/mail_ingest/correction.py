"""A mail from quarantine, read with what a person put right, who vouches for it: trust is not asked."""

from dataclasses import replace
from typing import Any

from mail_ingest import documents, verdict
from mail_ingest.formats import ahs
from mail_ingest.parsing import headers, mime
from mail_ingest.parsing.refused import Refused
from mail_ingest.verdict import Rules, Verdict


def read(raw: bytes, rules: Rules, correction: dict[str, Any]) -> Verdict:
    """`correction` holds `document` (a whole XML text) and `fields` ("DispatchList/@Id" → value), or neither:
    then the mail is taken as it is. Never raises, like `verdict.read`."""
    found = verdict.read(raw, rules)
    try:
        document, charset = _document(raw, correction.get("document"))
        reading = ahs.read(document, charset, correction.get("fields"))
    except Refused as refused:
        return replace(
            found, kind="unable", code=refused.code, reason=refused.reason, place=refused.place, content=None
        )
    return replace(
        found,
        kind="dispatch",
        code="",
        reason="",
        place=None,
        mentions=(),
        content=reading.content,
        warnings=(*reading.warnings, "Corrected by hand."),
    )


def _document(raw: bytes, given: str | None) -> tuple[bytes, str | None]:
    if given is not None:
        return given.encode(), "utf-8"
    fields, at = headers.read(raw)
    held = documents.find(mime.read(raw, fields, at))
    found = held.dispatches or held.damaged or dict.fromkeys(held.others.values(), "")
    if len(found) != 1:
        several = (
            f"The mail holds {len(found)} documents that may be meant" if found else "The mail holds none"
        )
        raise Refused("no_xml", f"{several}: give the right one as `document`.")
    return found.popitem()
