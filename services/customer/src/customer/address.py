"""US addresses: the form in which they are compared, and free text taken apart."""

import re
from functools import cache, lru_cache

from shared.events.dispatch import Address

from customer.contact import LONGEST, fold

_UNITS = {
    "APT",
    "APARTMENT",
    "UNIT",
    "STE",
    "SUITE",
    "LOT",
    "SPC",
    "SPACE",
    "TRLR",
    "TRAILER",
    "RM",
    "ROOM",
    "NO",
}
_UNIT_IN_STREET = re.compile(r"(?:\s(?:APT|APARTMENT|UNIT|STE|SUITE|LOT|SPC|TRLR)\s+|\s*#\s*)(\S+(?: \S)?)$")
_NUMBER = re.compile(r"((?:[NSEW]\d+){1,2}|\d+[A-Z]?(?:-[\dA-Z]+)?(?: \d/\d)?(?: ?& ?\d+[A-Z]?)*)(?: (.*))?")
_PLACEHOLDER = re.compile(
    r"(?:UNKNOWN|UNK|N/?A|NONE|NULL|TBD|X+|PLACEHOLDER|ADDRESS|STREET|ST|VERIFY|PENDING|TEST|\W+)"
)
_SAINTS = {"SAINT": "ST", "MOUNT": "MT", "FORT": "FT"}


@cache
def _tables() -> tuple[dict[str, str], dict[str, str]]:
    """USPS words of a street (types, directions) and states. Late: the package loads a language model."""
    from scourgify import address_constants as usps

    street = {**usps.STREET_TYPE_ABBREVIATIONS, **usps.DIRECTIONAL_REPLACEMENTS, **_SAINTS}
    return street, {name: code for name, code in usps.STATE_ABBREVIATIONS.items() if len(name) > 2}


def state_code(state: str | None) -> str | None:
    """`TX` for "tx", "Texas" or "Tex."."""
    text = fold(state or "").replace(".", "")
    return _tables()[1].get(text, text) or None


def address_key(address: Address) -> str | None:
    """`ZIP|NUMBER|STREET|UNIT` in USPS abbreviations, or None where the address does not single out a place.

    Placeholders and streets without a house number give None, so that two of them never look alike. A double
    number (`10 & 12`) stays one piece and equals only itself. Where the ZIP is missing, city and state
    stand in its place.
    """
    return _key(address.street, address.unit, address.city, address.state, address.zip)


@lru_cache(16384)
def _key(
    street: str | None, unit: str | None, city: str | None, state: str | None, zip_code: str | None
) -> str | None:
    line = _plain(street)
    if not unit and ("#" in line or not _UNITS.isdisjoint(line.split())):
        found = _UNIT_IN_STREET.search(line)
        if found:
            line, unit = line[: found.start()], found[1]
    numbered = _NUMBER.fullmatch(line)
    number, rest = (numbered[1].replace(" ", ""), numbered[2] or "") if numbered else ("", line)
    short = _tables()[0]
    words = [short.get(word, word) for word in rest.split()]
    boxed = not number and any(word.isdigit() for word in words)  # PO BOX 12, RR 2 BOX 14
    if not words or all(map(_PLACEHOLDER.fullmatch, words)) or not (number.strip("0") or boxed):
        return None
    place = (zip_code or "").strip()[:5] or f"{fold(city or '')} {state_code(state) or ''}".strip()
    return f"{place}|{number}|{' '.join(words)}|{_unit(unit) if unit else ''}" if place else None


def _plain(text: str | None) -> str:
    return " ".join(fold((text or "")[:LONGEST]).replace(".", " ").replace(",", " ").split())


def _unit(unit: str) -> str:
    """`3` for "APT 3", "# 3" and "UNIT 3": partners and people disagree on the word, not on the number."""
    return " ".join(word for word in _plain(unit).replace("#", " ").split() if word not in _UNITS)


def parse_address(text: str) -> Address:
    """An address typed into one line, in pieces; what cannot be read stays whole in `street`."""
    from scourgify import normalize_address_record
    from scourgify.exceptions import AddressNormalizationError

    try:
        found = normalize_address_record(text)
    except AddressNormalizationError:
        return Address(street=text.strip() or None)
    if not found["city"] and not found["postal_code"]:
        return Address(street=text.strip() or None)
    zip_code, _, zip4 = (found["postal_code"] or "").partition("-")
    return Address(
        street=found["address_line_1"],
        unit=found["address_line_2"],
        city=found["city"],
        state=found["state"],
        zip=zip_code or None,
        zip4=zip4 or None,
    )
