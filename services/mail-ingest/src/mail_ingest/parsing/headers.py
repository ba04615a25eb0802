"""Header fields of a mail (RFC 5322, 2045, 2047, 2231), found in one pass and decoded only when asked for.

Python's `email` takes most of a mail's time budget for fields and parts that nobody looks at.
"""

import re
from binascii import a2b_base64, a2b_qp
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import unquote_to_bytes

from mail_ingest.parsing.charset import codec, decode_loosely
from mail_ingest.parsing.refused import Refused

MAX_HEADER_BYTES = 256 * 1024

Fields = list[tuple[str, bytes]]

_FIELD = re.compile(rb"([!-9;-~]+)[ \t]*:([^\n]*(?:\n[ \t][^\n]*)*)(?:\n|\Z)")
_WORD = re.compile(r"=\?([^?\s]{1,60})\?([BbQq])\?([^?]*)\?=")
# An unclosed quote runs to the end, so that each character is looked at once whatever the field holds.
_PARAMETER = re.compile(r';\s*([^\s=;]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)(?:"|\\?\Z)|([^;]*))', re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_PIECE = re.compile(r'\\.|["()]|[^\\"()]+|\\', re.DOTALL)
# C0, C1, line and paragraph separators, direction overrides, lone surrogates, non-characters
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]+")


def read(raw: bytes, start: int = 0, end: int | None = None) -> tuple[Fields, int]:
    """The fields in their order, names in lower case, values raw and folded; and where the body begins.

    The header ends at the first line that is no field, as for mail servers. Raises Refused (header_limits).
    """
    end = len(raw) if end is None else end
    limit = min(end, start + MAX_HEADER_BYTES)
    at, fields = start, Fields()
    if start == 0 and raw.startswith((b"From ", b">From ")):  # an mbox's line
        at = raw.find(b"\n", at, limit) + 1 or limit
    while found := _FIELD.match(raw, at, limit):
        fields.append((found[1].decode("ascii").lower(), found[2]))
        at = found.end()
    if at >= limit < end:
        raise Refused(
            "header_limits", "The header of this mail is larger than any real one. Look at the raw mail."
        )
    for blank in (b"\n", b"\r\n"):
        if raw.startswith(blank, at, end):
            return fields, at + len(blank)
    return fields, at


def firsts(fields: Fields) -> dict[str, bytes]:
    """The topmost value of each name."""
    return dict(reversed(fields))


def plain(value: bytes) -> str:
    """The value on one line, as text. Raw 8-bit bytes are read as UTF-8 where they are it."""
    value = b"".join(value.splitlines()).strip()
    return value.decode("ascii") if value.isascii() else decode_loosely(value)


def decoded(value: bytes) -> str:
    """The value with its encoded words read. Words of one charset that stand side by side are read as one,
    since senders cut inside a letter. A word that cannot be read stays as it is."""
    text = plain(value[:16_384])
    if "=?" not in text:
        return text
    out: list[str] = []
    run, charset, at = b"", "", 0
    for coded in _WORD.finditer(text):
        between = text[at : coded.start()]
        label = coded[1].partition("*")[0].lower()  # RFC 2231 lets a language follow
        data = _word(coded[2], coded[3]) if codec(label) else None
        if run and (data is None or label != charset or between.strip()):
            out.append(decode_loosely(run, charset))
            run = b""
        if between.strip() or not at:
            out.append(between)
        if data is None:
            out.append(coded[0])
        else:
            run, charset = run + data, label
        at = coded.end()
    if run:
        out.append(decode_loosely(run, charset))
    return "".join(out) + text[at:]


def _word(kind: str, text: str) -> bytes | None:
    try:
        data = text.encode("ascii")
        if kind in "Qq":
            return a2b_qp(data, header=True)
        return a2b_base64(data.rstrip(b"=") + b"=" * (-len(data.rstrip(b"=")) % 4))
    except ValueError:
        return None


def uncommented(text: str) -> str:
    """`text` without its comments, which may nest and hold anything; quoted strings stay whole."""
    if "(" not in text:
        return text
    out: list[str] = []
    depth, quoted = 0, False
    for piece in _PIECE.findall(text):
        if quoted:
            out.append(piece)
            quoted = piece != '"'
        elif piece == "(":
            depth += 1
        elif piece == ")" and depth:
            depth -= 1
            out.append(" ")
        elif not depth:
            out.append(piece)
            quoted = piece == '"'
    return "".join(out)


def word(value: bytes) -> str:
    """The one word of a field such as Content-Transfer-Encoding, in lower case."""
    text = plain(value)
    return (uncommented(text).partition(";")[0].strip() if "(" in text or ";" in text else text).lower()


def parameters(value: bytes) -> tuple[str, dict[str, str]]:
    """`Type; name=value` in lower case but for the values. Continuations and percent coding are resolved."""
    text = uncommented(plain(value[:8192]))
    head, semicolon, _ = text.partition(";")
    head = head.strip().lower()
    if not semicolon:
        return head, {}
    found: dict[str, str] = {}
    for name, quoted, bare in _PARAMETER.findall(text):
        given = (_ESCAPED.sub(r"\1", quoted) if "\\" in quoted else quoted) or bare.strip()
        found.setdefault(name.lower(), given)
    return head, _joined(found) if "*" in text else found


def _joined(found: dict[str, str]) -> dict[str, str]:
    """RFC 2231: `name*0*=utf-8''a%20b; name*1=c` is one value. Beats a plain `name` beside it."""
    sections: dict[str, list[tuple[int, bool, str]]] = {}
    for name, value in found.items():
        base, star, rest = name.partition("*")
        number = rest.removesuffix("*") or "0"
        if star and number.isascii() and number.isdigit() and len(number) < 4:
            sections.setdefault(base, []).append((int(number), rest.endswith("*") or not rest, value))
    result = {name: value for name, value in found.items() if "*" not in name}
    for base, pieces in sections.items():
        pieces.sort()
        charset, data = "", b""
        for number, coded, value in pieces:
            if coded and number == 0 and value.count("'") >= 2:
                charset, _, value = value.split("'", 2)
            data += unquote_to_bytes(value) if coded else value.encode()
        result[base] = decode_loosely(data, charset)
    return result


def date(value: bytes) -> datetime | None:
    """The time of a Date field in UTC. Without a zone, or with -0000, the sender's clock is taken for UTC."""
    try:
        found = parsedate_to_datetime(plain(value[:200]))
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError, IndexError, TypeError):  # the library's own slips among them
        return None


def safe(text: str, limit: int = 200) -> str:
    """`text` fit for a log, a database and a header: one line, nothing that controls anything, cut."""
    if not text.isprintable():
        text = _UNSAFE.sub(" ", text)
    return " ".join(text.split())[:limit].rstrip()
