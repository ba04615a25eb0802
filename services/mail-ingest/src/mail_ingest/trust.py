"""Whether a mail is from whom it says: the From address, and our own server's DMARC check (RFC 7489, 8601).

A sender can write any field he likes; only what our server wrote above its own `Received` line counts.
"""

import re
from collections.abc import Iterable

from mail_ingest.parsing import headers
from mail_ingest.parsing.headers import Fields
from mail_ingest.parsing.refused import Refused

_TOKEN = re.compile(r'\s*(?:"((?:[^"\\]|\\.)*)"|([<>,:;])|([^\s"<>,:;]+))')
_ADDRESS = re.compile(r"[^\s@\"\\\x00-\x1f\x7f]+@[^\s@\"\\\x00-\x1f\x7f]+")
_AROUND_DOTS = re.compile(r" ?([.@]) ?")
_RESULT = re.compile(r'(?:[^;"]|"(?:[^"\\]|\\.)*(?:"|\\?\Z))+', re.DOTALL)
_PROPERTY = re.compile(r'\b([\w.-]{1,64})(?:/\d+)?\s*=\s*(?:"([^"]*)"|([^\s"]+))')
_RECEIVED = re.compile(r"\s*(?:from\s+(\S+)\s+)?(?:\S+\s+)*?by\s+(\S+)", re.IGNORECASE)
_LOCAL_DELIVERY = re.compile(r"\swith\s+(?:LMTP\w*|local)\b", re.IGNORECASE)


def sender(fields: Fields) -> str | None:
    """The address, in lower case, of a mail that has one From field with one address in it, else None.

    Display names, groups, routes and second addresses lead to None, not to a guess.
    """
    values = [value for name, value in fields if name == "from"]
    if len(values) != 1 or len(values[0]) > 4096:
        return None
    text, at, words, angle = headers.uncommented(headers.plain(values[0])), 0, list[str](), list[str]()
    inside = closed = False
    while (found := _TOKEN.match(text, at)) and at < len(text):
        at = found.end()
        mark, word = found[2], found[3] or (found[1] and re.sub(r"\\(.)", r"\1", found[1])) or ""
        if mark == "<" and not (inside or closed):
            inside = True
        elif mark == ">" and inside:
            inside, closed = False, True
        elif mark or closed:
            return None
        else:
            (angle if inside else words).append(word)
    if text[at:].strip() or inside:
        return None
    address = _AROUND_DOTS.sub(r"\1", " ".join(angle if closed else words))
    return address.lower() if _ADDRESS.fullmatch(address) else None


def check(
    fields: Fields,
    address: str | None,
    *,
    trusted_senders: Iterable[str],
    authserv_id: str | None,
    results_below_received: bool = False,
) -> None:
    """Raises Refused (untrusted) unless the mail is from its sender `address`, and that is a trusted one.

    `trusted_senders` are addresses or whole domains. Without an `authserv_id` the address is believed.
    """
    if address is None:
        raise _untrusted("It has no From field with exactly one address.")
    domain = address.rpartition("@")[2]
    trusted = {entry.strip().lower().removeprefix("@") for entry in trusted_senders}
    if address not in trusted and domain not in trusted:
        raise _untrusted(f"{headers.safe(address, 100)} is not one of the trusted senders of this mailbox.")
    if authserv_id:
        problem = _problem(_results(fields, authserv_id.strip().lower(), results_below_received), domain)
        if problem:
            raise _untrusted(problem)


def _untrusted(problem: str) -> Refused:
    return Refused(
        "untrusted",
        f"{problem} It may be forged: ask the company by phone, and if it is theirs, "
        "mend the mailbox's trust settings and read the mail again.",
    )


def _results(
    fields: Fields, authserv_id: str, below_received: bool
) -> list[tuple[str, dict[str, str]]] | None:
    """Method and properties of what the topmost Authentication-Results of our server says of DMARC."""
    for name, value in fields:
        if name == "received" and not _handed_on(value, authserv_id, below_received):
            return None
        if name != "authentication-results":
            continue
        by, *results = _RESULT.findall(headers.uncommented(headers.plain(value[:16_384]))) or [""]
        who, _, version = by.strip().partition(" ")
        if who.strip('"').lower() == authserv_id and (not version or version.strip().isdigit()):
            return [_properties(result) for result in results if "dmarc" in result.lower()]
    return None


def _properties(result: str) -> tuple[str, dict[str, str]]:
    found = [(name.lower(), (quoted or bare).lower()) for name, quoted, bare in _PROPERTY.findall(result)]
    return (found[0][0] if found else ""), dict(reversed(found))


def _problem(results: list[tuple[str, dict[str, str]]] | None, domain: str) -> str | None:
    if results is None:
        return "Our mail server did not write down whether it checked this mail (Authentication-Results)."
    checked = [properties for method, properties in results if method == "dmarc"]
    if not checked:
        return "Our mail server did not check DMARC for this mail."
    for properties in checked:
        if properties["dmarc"] != "pass":
            return f"Our mail server's DMARC check says {headers.safe(properties['dmarc'], 20)!r}."
        if properties.get("header.from", "").rpartition("@")[2].rstrip(".") != domain:
            return "Our mail server's DMARC check passed for another sender than the one it shows."
    return None


def _handed_on(received: bytes, authserv_id: str, below_received: bool) -> bool:
    """Whether a `Received` line is of our own house, so that our server's results may stand below it.

    That is local delivery, and a hop from the server that checked to another one of its domain. Its line for
    the arrival from outside counts only where it writes results below that line (Gmail; Postfix with rspamd
    or OpenDMARC), since else the sender may have written what stands there.
    """
    text = headers.uncommented(headers.plain(received[:4096]))
    found = _RECEIVED.match(text)
    if found is None:
        return False
    came_from, by = (found[1] or "").lower(), found[2].lower().rstrip(";")
    if not came_from or _LOCAL_DELIVERY.search(text):
        return True
    parent = authserv_id.partition(".")[2]
    ours = by == authserv_id or by.endswith("." + (parent if "." in parent else authserv_id))
    return ours and (below_received or (came_from == authserv_id and by != authserv_id))
