"""From bytes to text by what the bytes and their labels say: the right text or UnicodeError, no guess."""

import codecs
import re
from collections.abc import Iterable
from contextlib import suppress
from functools import lru_cache

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_WIDE = ((b"<\0\0\0", "utf-32-le"), (b"\0\0\0<", "utf-32-be"), (b"<\0", "utf-16-le"), (b"\0<", "utf-16-be"))

_LABEL = re.compile(r"[A-Za-z0-9._:-]{1,40}")
_KNOWN = re.compile(
    r"utf-8|ascii|iso8859-\d+|cp(125\d|437|850|852|866|874|932|949)|koi8-[rtu]|mac-\w+|tis-620"
    r"|shift_jis|euc_(jp|kr)|gbk|gb2312|gb18030|big5(hkscs)?|johab"
)
# Who writes ISO-8859-1 or nothing and means Windows is the rule (WHATWG Encoding reads it so, too); the five
# bytes that Windows-1252 lacks still fail.
_MEANT = {"utf-8-sig": "utf-8", "iso8859-1": "cp1252"}

_STATEFUL = re.compile(r"utf-7$|hz|iso2022")

# Latin letters and typographic marks as UTF-8 writes them. In a one-byte charset they read as "Ã©" or "â€™".
_UTF8_INSIDE = re.compile(rb"[\xc2-\xc5][\x80-\xbf]|\xe2[\x80-\x84][\x80-\xbf]")


@lru_cache(256)
def codec(label: str) -> str | None:
    """The Python codec of a charset label when it extends ASCII and keeps no state, else None."""
    if not _LABEL.fullmatch(label):
        return None
    try:
        name = codecs.lookup(label).name
    except LookupError:
        return None
    name = _MEANT.get(name, name)
    return name if _KNOWN.fullmatch(name) else None


def decode(data: bytes, labels: Iterable[str | None]) -> str:
    """The text of `data`. A byte order mark decides; then the labels, which must not lead to two texts.

    UTF-8 wins where it is valid and either promised or evident (text in another charset is next to never
    valid UTF-8 by chance). A label that cannot be true, such as UTF-16 on single bytes, counts as none.
    Raises UnicodeError where no label fits, or two of them fit differently.
    """
    for mark, name in _BOMS:
        if data.startswith(mark):
            return data[len(mark) :].decode(name)
    for start, name in _WIDE:
        if data.startswith(start):
            return data.decode(name)
    if data.isascii():
        return _seven_bit(data, labels)
    names = {name for label in labels if label and (name := codec(label))} - {"ascii"} or {"utf-8"}
    utf8 = _try(data, "utf-8")
    if utf8 is not None and "utf-8" in names:
        return utf8
    if _UTF8_INSIDE.search(data):
        if utf8 is None:
            raise UnicodeError("it mixes UTF-8 with another encoding")
        return utf8
    texts = {text for name in names - {"utf-8"} if (text := _try(data, name)) is not None}
    if len(texts) != 1:
        raise UnicodeError("its labels contradict each other" if texts else "its bytes are not what it says")
    return texts.pop()


def _seven_bit(data: bytes, labels: Iterable[str | None]) -> str:
    """ASCII, unless a label promises one of the encodings that hide other letters in it."""
    text = data.decode("ascii")
    for label in filter(None, labels):
        with suppress(LookupError):
            name = codecs.lookup(label).name
            if _STATEFUL.match(name) and _try(data, name) != text:
                raise UnicodeError(f"it is in {name}, which is not read")
    return text


def _try(data: bytes, name: str) -> str | None:
    try:
        return data.decode(name)
    except UnicodeDecodeError:
        return None


def decode_loosely(data: bytes, label: str | None = None) -> str:
    """Text for people to look at, never stored as a field: whatever does not fit becomes U+FFFD."""
    try:
        return decode(data, (label,))
    except UnicodeError:
        return data.decode(codec(label or "") or "cp1252", "replace")
