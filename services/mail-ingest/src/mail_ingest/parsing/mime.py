"""The parts of a mail (RFC 2045, 2046) within fixed limits, each decoded only when asked for."""

import re
from dataclasses import dataclass, field

from mail_ingest.parsing import headers, transfer
from mail_ingest.parsing.charset import decode_loosely
from mail_ingest.parsing.refused import Refused

MAX_DEPTH = 20
MAX_PARTS = 200

_TYPE = re.compile(r"[^\s/]+/[^\s/]+")


@dataclass(slots=True)
class Part:
    """A leaf. `body` is still in its transfer encoding; `filename` and `charset` are as labelled."""

    type: str
    charset: str
    filename: str
    encoding: str
    body: bytes

    def decoded(self, limit: int | None = None) -> bytes:
        """The content, or about its first `limit` bytes, as its label says; one that is none of RFC 2045 is
        left as it is. Raises ValueError where base64 is beyond repair."""
        return transfer.decoded(self.encoding, self.body if limit is None else self.body[: limit * 2])

    def decoded_loosely(self, limit: int) -> bytes:
        """The same for a search."""
        try:
            return self.decoded(limit)
        except ValueError:
            return self.body[:limit]

    def text(self, limit: int) -> str:
        """Text for a search, never for a field."""
        return decode_loosely(self.decoded_loosely(limit), self.charset)


@dataclass(slots=True)
class Parts:
    """All leaves in their order, and the mails within the mail, which are left closed."""

    leaves: list[Part] = field(default_factory=list[Part])
    enclosed: list[Part] = field(default_factory=list[Part])


def read(raw: bytes, fields: headers.Fields, at: int) -> Parts:
    """Walk the mail whose header `fields` ends at `at`. Mails inside it and archives are never opened.

    Raises Refused (mime_limits, header_limits).
    """
    parts = Parts()
    waiting = [(fields, at, len(raw), 0, "text/plain")]
    count, header_bytes = 0, at
    while waiting:
        fields, start, end, depth, default = waiting.pop()
        known = headers.firsts(fields)
        kind, named = headers.parameters(known.get("content-type", b""))
        kind = kind if _TYPE.fullmatch(kind) else default
        boundary = named.get("boundary", "").rstrip().encode("utf-8", "surrogateescape")
        if kind.startswith("message/"):
            parts.enclosed.append(_leaf(kind, named, known, raw[start:end]))
        elif not (kind.startswith("multipart/") and boundary):
            parts.leaves.append(_leaf(kind, named, known, raw[start:end]))
        else:
            inner = "message/rfc822" if kind == "multipart/digest" else "text/plain"
            spans = _split(raw, boundary, start, end, MAX_PARTS - count)
            count += len(spans)
            if depth >= MAX_DEPTH or count >= MAX_PARTS:
                raise _too_much()
            for begin, stop in reversed(spans):
                own, body = headers.read(raw, begin, stop)
                header_bytes += body - begin
                waiting.append((own, min(body, stop), stop, depth + 1, inner))
            if header_bytes > headers.MAX_HEADER_BYTES:
                raise _too_much()
    return parts


def _too_much() -> Refused:
    return Refused(
        "mime_limits",
        "This mail has more parts, one inside the other, than any real one. Look at the raw mail.",
    )


def _leaf(kind: str, named: dict[str, str], known: dict[str, bytes], body: bytes) -> Part:
    encoding = transfer.named(headers.word(known.get("content-transfer-encoding", b"")))
    filename = named.get("name", "")
    if (disposition := known.get("content-disposition")) and b"=" in disposition:
        filename = headers.parameters(disposition)[1].get("filename") or filename
    if "=?" in filename:  # RFC 2047 forbids it there, and many mailers write it
        filename = headers.decoded(filename.encode())
    return Part(kind, named.get("charset", "").partition(" ")[0], filename, encoding, body)


def _split(raw: bytes, boundary: bytes, start: int, end: int, room: int) -> list[tuple[int, int]]:
    """The spans between the delimiter lines from `start` to `end`, at most `room` of them."""
    mark = b"\n--" + boundary
    spans: list[tuple[int, int]] = []
    begin, at, others = -1, max(start - 1, 0), 0
    while len(spans) < room and (stop := raw.find(mark, at, end)) >= 0:
        after = stop + len(mark)
        last = raw.startswith(b"--", after, end)
        line_end = raw.find(b"\n", after, end)
        line_end = end if line_end < 0 else line_end
        at = line_end
        if raw[after + 2 * last : line_end].strip():  # a longer boundary that begins alike
            others += 1
            if others > MAX_PARTS * MAX_DEPTH:
                raise _too_much()
            continue
        if begin >= 0:
            stop -= raw.startswith(b"\r", stop - 1)  # the line end belongs to the delimiter
            spans.append((begin, max(begin, stop)))
        begin = min(line_end + 1, end)
        if last:
            return spans
    if 0 <= begin < end and len(spans) < room:  # never closed
        spans.append((begin, end))
    return spans
