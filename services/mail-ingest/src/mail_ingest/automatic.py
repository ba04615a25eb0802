"""Mails that nobody may answer: our own forwards come back, bounces, and automatic replies (RFC 3834)."""

from collections.abc import Iterable

from mail_ingest.parsing import headers

LOOP_MARK = "X-Callboard-Loop"

_CAME_BACK = "One of our own forwards came back. Do not forward to a mailbox that is polled."
_BOUNCED = "A mail server's notice about a mail of ours. Look whether the forward address is right."


def why(known: dict[str, bytes], sender: str | None, own_addresses: Iterable[str]) -> tuple[str, str] | None:
    """`(code, reason)` of a mail to be kept in the log and otherwise ignored, or None.

    `known` are the topmost header fields. A machine's mail that says `auto-generated` is none of these:
    dispatches are such mails.
    """
    own = {address.lower() for address in own_addresses}
    said = headers.word(known.get("auto-submitted", b""))
    if (
        LOOP_MARK.lower() in known
        or (said == "auto-forwarded" and sender in own)
        or ("x-loop" in known and headers.word(known["x-loop"]) in own)
    ):
        return "own_forward", _CAME_BACK
    if headers.word(known.get("content-type", b"")) == "multipart/report":
        return "bounce", _BOUNCED
    returned_to = headers.word(known.get("return-path", b"")).replace(" ", "")
    if returned_to == "<>" or (sender or "").startswith("mailer-daemon@"):
        return "bounce", _BOUNCED
    if said == "auto-replied" or headers.word(known.get("precedence", b"")) == "auto_reply":
        return "auto_reply", "An automatic reply to a mail of ours."
    return None
