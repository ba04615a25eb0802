"""Which of a mail's parts is the dispatch: found by its root element, whatever its label and its encoding."""

import re
from dataclasses import dataclass, field
from html import unescape

from mail_ingest.formats import ahs
from mail_ingest.parsing import headers, mime, transfer, xml
from mail_ingest.parsing.refused import Refused

MAX_DISPATCHES = 3
_SNIFFED = 1024
_HEAD = 16_384
_LARGEST = 4 * xml.MAX_BYTES
_SIGNS = b"\xef\xbb\xbf\xff\xfe"
_PROLOG = re.compile(rb"\s+|<\?.*?\?>|<!--.*?-->|<!DOCTYPE(?:[^\[>]|\[.*?\]\s*)*>", re.DOTALL | re.IGNORECASE)
_ROOT = re.compile(rb"<(?:[A-Za-z_][\w.-]{0,40}:)?([A-Za-z_][\w.-]{0,60})[\s/>]")
_END = re.compile(rb"</(?:[\w.-]{1,40}:)?" + ahs.ROOT.encode() + rb"\s*>")
_NUMBER = re.compile(r"(?:\bdispatch\b[^0-9]{0,20}|#\s?)([0-9]{7,9})(?![0-9])", re.IGNORECASE)
_TAG = re.compile(r"<[^<>]*>")
_WIDE_ENDS = [f"</{ahs.ROOT}>".encode(name) for name in ("utf-16-le", "utf-16-be")]


@dataclass(slots=True)
class Documents:
    """`dispatches` have the root of a dispatch, of `damaged` the root cannot be seen, each with the charset
    that its part claims; `others` are the rest by name and root, kept and not read."""

    dispatches: dict[bytes, str] = field(default_factory=dict[bytes, str])
    damaged: dict[bytes, str] = field(default_factory=dict[bytes, str])
    others: dict[str, bytes] = field(default_factory=dict[str, bytes])
    too_large: bool = False

    def any(self) -> bool:
        return bool(self.dispatches or self.damaged or self.others or self.too_large)


def find(parts: mime.Parts) -> Documents:
    """The XML documents of a mail; the same bytes count once. One dispatch too many ends the search."""
    found = Documents()
    for part in parts.leaves:
        if len(found.dispatches) > MAX_DISPATCHES:
            break
        if len(part.body) > _LARGEST:
            found.too_large |= _is_labelled(part)
        elif (data := _whole(part)) is not None:
            found.dispatches[data] = part.charset
        elif _is_labelled(part):
            _other(found, part)
    return found


def _other(found: Documents, part: mime.Part) -> None:
    data = part.decoded_loosely(_LARGEST)
    root = root_of(data)
    if root == ahs.ROOT:  # begins as one, and breaks off
        found.dispatches[data] = part.charset
    elif root is None:
        found.damaged[data] = part.charset
    else:
        name = headers.safe(part.filename, 40) or "a part without a name"
        found.others[f"{name} (<{headers.safe(root, 40)}>)"] = data


def _whole(part: mime.Part) -> bytes | None:
    """The dispatch that the part holds from its root to its end, whatever the part is called; where none is
    whole, the one that it holds by its own label."""
    if not _is_labelled(part) and not _may_be_text(part):
        return None
    broken: bytes | None = None
    for number, data in enumerate(transfer.guessed(part.encoding, part.body)):
        if root_of(data) != ahs.ROOT:
            continue
        data = _without_rubbish(data)
        narrow = data.replace(b"\0", b"")
        ends = _END.search(narrow) is not None or narrow.rstrip().endswith(b"/>")
        if ends and not (b"=3D" in narrow and _is_damaged(data, part.charset)):
            return data
        broken = broken or (None if number else data)
    return broken


def _is_damaged(data: bytes, charset: str) -> bool:
    """Quoted-printable without its label begins and ends as the document does."""
    try:
        xml.read(data, charset)
    except Refused:
        return True
    return False


def _may_be_text(part: mime.Part) -> bool:
    """A picture or an archive is not looked through."""
    kind = part.type.partition("/")[0]
    return kind not in ("image", "audio", "video", "font") and b"\0\0\0\0\0" not in part.body[:_SNIFFED]


def _without_rubbish(data: bytes) -> bytes:
    """What a scanner wrote behind the text stands, decoded or not, behind the end of the root."""
    ends = [found.end() for found in _END.finditer(data)]
    ends += [at + len(end) for end in _WIDE_ENDS if (at := data.rfind(end)) >= 0]
    behind = data[max(ends) :].strip() if ends else b""
    return data[: max(ends)] if behind and b"<" not in behind else data


def _is_labelled(part: mime.Part) -> bool:
    """Whether a part says that it is an XML document."""
    kind = part.type
    if part.filename.strip().lower().endswith(".xml") or kind in ("text/xml", "application/xml"):
        return True
    return kind.endswith("+xml") and not kind.startswith("image/") and kind != "application/xhtml+xml"


def root_of(data: bytes) -> str | None:
    """The local name of the root element, as far as the first bytes show it."""
    head = data[:_HEAD].lstrip(_SIGNS + b"\0").replace(b"\0", b"")
    at = 0
    while skipped := _PROLOG.match(head, at):
        at = skipped.end()
    found = _ROOT.match(head, at)
    return found[1].decode("ascii") if found else None


def refused(parts: mime.Parts) -> Refused:
    """Why a mail without any document is not taken."""
    if parts.enclosed:
        return Refused(
            "nested",
            "This mail holds another mail as an attachment, which is not looked into. "
            "Ask the company to send the dispatch itself.",
        )
    names = ", ".join(headers.safe(part.filename, 40) for part in parts.leaves if part.filename)[:200]
    held = f"only {names}" if names else "no attachment"
    return Refused(
        "no_xml", f"There is no XML document in this mail, {held}. Read it, and act on it by hand."
    )


def mentioned(parts: mime.Parts, subject: str) -> tuple[str, ...]:
    """The dispatch numbers that a mail without a document names."""
    texts = [subject]
    for part in parts.leaves[:10]:
        if part.type in ("text/plain", "text/html"):
            texts.append(unescape(_TAG.sub(" ", part.text(32_768)))[:65_536])
    numbers = dict.fromkeys(number for text in texts for number in _NUMBER.findall(text))
    return tuple(numbers)[:10]
