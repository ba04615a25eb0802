"""Values that partners write as text. What cannot be read is reported and left out, never guessed."""

import re
from datetime import datetime
from unicodedata import category
from zoneinfo import ZoneInfo

from mail_ingest.parsing import headers
from mail_ingest.parsing.xml import Element

_AMOUNT = re.compile(r"(-?)\$?\s*([0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,12})?(?:\.([0-9]{0,2})0*)?")

_CLOCK = re.compile(r"[T _][0-9]{2}:?[0-9]{2}")
_AROUND_AT = re.compile(r" *@ *")
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'+=?^`{|}~_-]+@[A-Za-z0-9.-]+")
_BROKEN = re.compile(
    r"^\.|\.\.|\.@|@[.-]|-\.|\.-|-$|@[^.]*$|@.*\.(?![A-Za-z]{2,63}$|[Xx][Nn]--)[^.]*$|^[^@]{65}"
)
_MOST_DIGITS = 15  # of a number with its country's (ITU E.164)
_SEVERAL = re.compile(r"[/,;&|]|\bor\b|\band\b| {2,}")


def cents(given: str | None, warnings: list[str]) -> int | None:
    """Minor units of a decimal text. What is no amount of whole cents is reported, never rounded."""
    if given is None:
        return None
    found = _AMOUNT.fullmatch(given)
    if found and (found[2] or found[3]):
        cents = int((found[2] or "0").replace(",", "")) * 100 + int((found[3] or "").ljust(2, "0"))
        return -cents if found[1] else cents
    warnings.append(f"{headers.safe(given, 40)!r} is no amount of money: the fee is stored without it.")
    return None


def local_time(given: str | None, zone: str | None, warnings: list[str]) -> str | None:
    """`YYYY-MM-DDThh:mm:ss` on the location's clock; a fraction of a second is cut.

    A time with an offset is converted to `zone`, the location's. A date without a time is no midnight.
    """
    if given is None:
        return None
    shown = repr(headers.safe(given, 40))
    try:
        found = datetime.fromisoformat(given).replace(microsecond=0)
    except ValueError:
        warnings.append(f"{shown} is no date and time: the dispatch is stored without it.")
        return None
    if not _CLOCK.search(given):
        warnings.append(f"{shown} has no time of day: the dispatch is stored without it.")
        return None
    if found.tzinfo is None:
        return found.isoformat()
    if zone is None:
        warnings.append(f"{shown} is in another time zone, and the house's is not known: it is left out.")
        return None
    try:
        return found.astimezone(ZoneInfo(zone)).replace(tzinfo=None).isoformat()
    except OverflowError:
        warnings.append(f"{shown} is no date and time: the dispatch is stored without it.")
        return None


def email(given: str | None, warnings: list[str]) -> str | None:
    """The first plain mail address (RFC 5321, ASCII) of a field that should hold one and no more."""
    if given is None or not (text := _visible(given)):
        return None
    text = _AROUND_AT.sub("@", text)
    found = [each[0].strip("'").rstrip(".") for each in _ADDRESS.finditer(text)]
    sound = [each for each in found if not _BROKEN.search(each)]
    if not sound or text.count("@") != len(found) or len(sound[0]) > 254:
        warnings.append(
            f"{headers.safe(given, 60)!r} is no e-mail address: the dispatch is stored without it."
        )
        return None
    if len({each.casefold() for each in sound}) > 1 or len(found) > len(sound):
        warnings.append(f"{headers.safe(given, 100)!r} is not one e-mail address: the first is taken.")
    return sound[0]


def phone(given: str | None, warnings: list[str]) -> str | None:
    """The first number of a field that should hold one and no more, as given."""
    if given is None:
        return None
    if len(_digits(given)) <= _MOST_DIGITS:
        return given
    first = next(
        (each.strip() for each in _SEVERAL.split(given) if 7 <= len(_digits(each)) <= _MOST_DIGITS), None
    )
    told = "is not one phone number: " + ("the first is taken" if first else "it is left out")
    warnings.append(f"{headers.safe(given, 60)!r} {told}.")
    return first


def _visible(text: str) -> str:
    """Without the characters that nobody sees: zero width, soft hyphens, marks of direction."""
    return "".join(
        [" " if each.isspace() else each for each in text if category(each) not in ("Cf", "Cc")]
    ).strip()


def _digits(text: str) -> str:
    return "".join(filter(str.isdigit, text))


def attribute(element: Element, name: str) -> str | None:
    """The attribute with runs of blanks as one, or None where it is missing or blank."""
    given = element.attributes.get(name)
    return (" ".join(given.split()) or None) if given else None
