"""Transfer encodings (RFC 2045, 6) as other readers read them: by their label, and where that leads to no
document, by what stands there."""

import re
from binascii import Error as NotCoded
from binascii import a2b_base64, a2b_qp, a2b_uu
from collections.abc import Iterator
from contextlib import suppress

BASE64, QUOTED, UUENCODED = "base64", "quoted-printable", "uuencode"

_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/=]+")
_PADDING = re.compile(rb"=+")
_BASE64_LINE = re.compile(rb"[ \t>]*([A-Za-z0-9+/_-]{4,}={0,2})[ \t\r]*")
_URL_SAFE = bytes.maketrans(b"-_", b"+/")
_UU_BEGIN = re.compile(rb"^begin[ \t]+[0-7]{3,4}[ \t]+\S[^\n]*\n", re.MULTILINE)
_BLANKS_AT_END = (b" \n", b" \r\n", b"\t\n", b"\t\r\n")
_NOT_LETTER = re.compile(r"[^a-z0-9]")


def named(label: str) -> str:
    """The encoding that a label means, blank for none: `base-64`, `x-uue`, `"quoted-printable"` are seen."""
    letters = _NOT_LETTER.sub("", label)
    if "base64" in letters:
        return BASE64
    if "quoted" in letters:
        return QUOTED
    return UUENCODED if letters.removeprefix("x").startswith("uu") else ""


def decoded(encoding: str, body: bytes) -> bytes:
    """`body` by its label. Raises ValueError where base64 is beyond repair."""
    if encoding == BASE64 and body.lstrip()[:1] != b"<":  # "<": never encoded at all
        return _base64(body)
    if encoding == QUOTED:
        return a2b_qp(_without_blanks(body))
    return body


def guessed(encoding: str, body: bytes) -> Iterator[bytes]:
    """What `body` may be, whatever its label says: the likeliest first, each at most once."""
    seen = set[bytes]()
    waiting = [(body, 0)]
    with suppress(ValueError):  # what the label promises it is not: the guesses remain
        waiting.insert(0, (decoded(encoding, body), 0))
    while waiting:
        data, depth = waiting.pop(0)
        if data in seen:
            continue
        seen.add(data)
        yield data
        if depth < 2:  # some are encoded twice, by the sender and by a gateway
            waiting += [(each, depth + 1) for each in (_base64_lines(data), _uu(data), _quoted(data)) if each]


def _base64(body: bytes) -> bytes:
    """Whatever is no digit is passed over. Padding ends a chunk, not the text: some pad each line."""
    if b"=" not in body.rstrip(b"= \t\r\n"):
        with suppress(ValueError):  # cut short, or without its padding
            return a2b_base64(body)
    chunks = _PADDING.split(_NOT_BASE64.sub(b"", body))
    return b"".join([_chunk(chunk) for chunk in chunks])


def _chunk(digits: bytes) -> bytes:
    """Cut short or without its padding, it is read as far as it goes."""
    left = len(digits) % 4
    whole = a2b_base64(digits[: len(digits) - left])
    return whole + (a2b_base64(digits[-left:] + b"=" * (4 - left)) if left > 1 else b"")


def _base64_lines(body: bytes) -> bytes:
    """The lines that are base64 as a whole, which a scanner's lines of text before and behind are not."""
    lines = [found[1] for line in body.split(b"\n") if (found := _BASE64_LINE.fullmatch(line))]
    return _base64(b"\n".join(lines).translate(_URL_SAFE)) if lines else b""


def _uu(body: bytes) -> bytes:
    """The first uuencoded file in the text."""
    begin = _UU_BEGIN.search(body)
    if begin is None:
        return b""
    out: list[bytes] = []
    for line in body[begin.end() :].splitlines():
        if line.strip() in (b"end", b"`", b""):
            break
        try:
            out.append(a2b_uu(line))
        except NotCoded:  # more or fewer characters than the line's count says: the count is right
            size = ((line[0] - 32) & 63) * 4
            try:
                out.append(a2b_uu(line[: (size + 5) // 3]))
            except NotCoded:
                return b"".join(out)
    return b"".join(out)


def _quoted(body: bytes) -> bytes:
    return a2b_qp(_without_blanks(body)) if b"=3" in body or b"=\n" in body or b"=\r\n" in body else b""


def _without_blanks(body: bytes) -> bytes:
    """Blanks at a line's end are the transport's (RFC 2045, 6.7); binascii takes them for content."""
    if not any(blank in body for blank in _BLANKS_AT_END):
        return body
    return b"\n".join([line.rstrip(b" \t\r") for line in body.split(b"\n")])
