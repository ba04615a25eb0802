"""The notes of a `VendorDispatch`, and what the partner's set phrases in them say."""

import re
from typing import Any

from mail_ingest.formats.values import attribute
from mail_ingest.parsing import headers
from mail_ingest.parsing.xml import Element
from shared import fee_words

_NOTES = {
    "CoverageNotes": ("coverage", "CoverageNoteDetail"),
    "ProductVersionRemarks": ("product", "ProductVersionRemarksDetail"),
    "MessageNotes": ("message", "MessageNotesDetail"),
    "DispatchNotes": ("dispatch", "DispatchNotesDetail"),
}


def read(root: Element) -> list[dict[str, Any]]:
    """In document order. A coverage header without details is a note of its own."""
    notes: list[dict[str, Any]] = []

    def add(kind: str, header: str | None, *texts: str) -> None:
        notes.extend(
            {"kind": kind, "header": header, "text": clean} for text in texts if (clean := text.strip())
        )

    for block in root.children:
        if block.name not in _NOTES:
            continue
        kind, detail = _NOTES[block.name]
        add(kind, None, block.text())
        for child in block.children:
            if child.name == detail:
                add(kind, None, child.text())
            elif kind == "coverage" and child.name == "CoverageNoteHeader":
                header, before = attribute(child, "Description"), len(notes)
                add(kind, header, child.text(), *(each.text() for each in child.all(detail)))
                if header and len(notes) == before:
                    add(kind, None, header)
    return notes


def said(notes: list[dict[str, Any]], pattern: re.Pattern[str]) -> str | None:
    """What follows the partner's set phrase. Only message notes speak for the customer."""
    matches = (pattern.search(note["text"]) for note in notes if note["kind"] == "message")
    return next((found[1] for found in matches if found and found[1].strip()), None)


def forbid_the_fee(notes: list[dict[str, Any]], warnings: list[str]) -> bool:
    """Whether the service fee must not be collected. What is said of it in words that nobody knows forbids it
    too, until a person has read them: a fee that was not collected can be asked for later.

    A plan's coverage and product remarks speak of many fees: they forbid in plain words only.
    """
    ours = [note["text"] for note in notes if note["kind"] in ("message", "dispatch")]
    plans = [note["text"] for note in notes if note["kind"] in ("coverage", "product")]
    if fee_words.forbidding_words(ours) or any(map(fee_words.forbids_plainly, plans)):
        return True
    doubtful = next(filter(fee_words.is_doubtful, ours), None)
    if doubtful is not None:
        warnings.append(
            f"A note speaks of the service fee, and it is not clear whether it may be collected: "
            f"{headers.safe(doubtful, 120)!r}. It is not collected until somebody decides."
        )
    return doubtful is not None
