"""The parts of a mail (RFC 2045, 2046) within fixed limits, each decoded only when asked for."""

import re
from binascii import a2b_base64, a2b_qp
from dataclasses import dataclass, field

from mail_ingest.parsing import headers
from mail_ingest.parsing.charset import decode_loosely
from mail_ingest.parsing.refused import Refused

MAX_DEPTH = 20
MAX_PARTS = 200

_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/]+")
_PADDED = (b" \n", b" \r\n", b"\t\n", b"\t\r\n")
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
        """The content, or about its first `limit` bytes. An encoding not of RFC 2045 is left as it is.

        Raises ValueError where base64 is beyond repair.
        """
        body = self.body if limit is None else self.body[: limit * 2]
        if self.encoding == "base64" and body.lstrip()[:1] != b"<":  # "<": never encoded at all
            return _base64(body)
        if self.encoding == "quoted-printable":
            return a2b_qp(_without_padding(body))
        return body

    def text(self, limit: int) -> str:
        """Text for a search, never for a field."""
        try:
            return decode_loosely(self.decoded(limit), self.charset)
        except ValueError:
            return ""


@dataclass(slots=True)
class Parts:
    """All leaves in their order; `nested` says that a mail within the mail was left closed."""

    leaves: list[Part] = field(default_factory=list[Part])
    nested: bool = False


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
            parts.nested = True
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
    encoding = headers.word(known.get("content-transfer-encoding", b""))
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


def _without_padding(body: bytes) -> bytes:
    """Blanks at a line's end are the transport's (RFC 2045, 6.7); binascii takes them for content."""
    if not any(padded in body for padded in _PADDED):
        return body
    return b"\n".join([line.rstrip(b" \t\r") for line in body.split(b"\n")])


def _base64(body: bytes) -> bytes:
    try:
        return a2b_base64(body)
    except ValueError:  # cut short, or without its padding
        digits = _NOT_BASE64.sub(b"", body)
        return a2b_base64(
            digits[: len(digits) // 4 * 4]
            + (digits[-(len(digits) % 4) :] + b"==" if len(digits) % 4 > 1 else b"")
        )
