"""Names, phones and mail addresses in the form in which they are compared; the given text stays elsewhere."""

import re
import unicodedata
from functools import lru_cache

from rapidfuzz.distance import OSA

_LETTERS = str.maketrans(
    {"Ø": "O", "Ł": "L", "Đ": "D", "Æ": "AE", "Œ": "OE", "Þ": "TH", "Ð": "D"}
    | {chr(mark): None for mark in range(0x300, 0x370)}  # accents, once they stand apart from their letters
)
_QUOTES = str.maketrans("", "", "'’‘`´\"“”")

_PLACEHOLDER = re.compile(
    "TENANTS?|RENTER|(?:HOME|PROPERTY)? ?OWNER|OCCUPANT|RESIDENT|CUSTOMER|CONTACT|UNKNOWN|N ?A|NONE|NULL"
    "|VACANT|AGENT|SELLER|BUYER|REALTOR|LANDLORD|PROPERTY MANAGER|SPOUSE|WIFE|HUSBAND|SAME|TBD"
)
_COMPANY = re.compile(
    r"\b(?:LLC|INC|INCORPORATED|CORP|CORPORATION|CO|COMPANY|LTD|LP|LLP|PLLC|TRUST|PROPERTIES|REALTY|MANAGEMENT"
    r"|RENTALS?|HOLDINGS|INVESTMENTS|GROUP|ASSOCIATES|ASSOCIATION|HOA|BANK|CHURCH|PARTNERS|ENTERPRISES|SERVICES"
    r"|HOMES|HOMEOWNERS|APARTMENTS|APTS|MGMT|MGT|REALTORS?|REAL ESTATE|LEASING|BROKERAGE|HOUSING|AUTHORITY"
    r"|RE/?MAX|OPENDOOR|REDFIN|CENTURY 21|COLDWELL BANKER|KELLER WILLIAMS)\b"
)
_GO_BETWEEN = re.compile(
    r"\b(?:LANDLORD|LANDLADY|AGENT|BROKER|REALTOR|PROP(?:ERTY)? (?:MANAGER|MGR)|MANAGER|SUPERINTENDENT|SELLER"
    r"|BUYER|LISTING|ATTORNEY|POA|TRUSTEE|EXECUTOR|ON BEHALF|CARE OF)\b|\bC/O\b"
)
_LEGAL = {
    "THE",
    "LLC",
    "INC",
    "INCORPORATED",
    "CORP",
    "CORPORATION",
    "CO",
    "COMPANY",
    "LTD",
    "LP",
    "LLP",
    "PLLC",
}
_OFFICE_PHONES = {"WORK", "OFF", "OFC", "OFFICE", "BUS", "BUSINESS", "FAX", "WRK"}
_SUFFIXES = {"JR", "SR", "II", "III", "IV", "V", "ESQ", "MD", "PHD", "DDS"}
_TITLES = {"MR", "MRS", "MS", "MISS", "DR", "REV"}
_ESTATE = re.compile(r"^(?:THE )?(?:ESTATE|FAMILY|HEIRS) OF (?:THE )?")
_JOINED = re.compile(r"\s*[&+;/]\s*|\s+AND\s+|\s+OR\s+")
_ASIDE = re.compile(r"\([^)]*\)|\bC/O\b")

LONGEST = 300
"""Signs of a name or street that are looked at: hostile ones are long, and patterns take their time."""

_PUNCTUATION = re.compile(r"[\s().\-–/]+")
_NANP = re.compile(r"(?:\+?1)?([2-9]\d\d[2-9]\d{6})")
_EXTENSION = re.compile(r"(?:;?\s*(?:ext|x|#)[.=:]?\s*\d+)\s*$", re.IGNORECASE)


def fold(text: str) -> str:
    """Upper case without accents and apostrophes, single blanks; letters of other scripts stay."""
    text = text.upper()
    if not text.isascii():
        text = unicodedata.normalize("NFKD", text).upper()
        text = unicodedata.normalize("NFKD", text).translate(_LETTERS)
    return " ".join(text.translate(_QUOTES).split())


def is_company(name: str) -> bool:
    """Whether a name as given is that of a firm, a trust or an association."""
    return _COMPANY.search(fold(name)) is not None


def is_same_firm(one: str, other: str) -> bool:
    """Whether two names are one firm's: without regard to case, punctuation and legal form, and with a slip
    of the pen."""
    mine, theirs = (
        " ".join(word for word in _words(fold(name)[:LONGEST]) if word not in _LEGAL) for name in (one, other)
    )
    return bool(mine) and (mine == theirs or (len(mine) > 8 and OSA.distance(mine, theirs) <= 1))


def is_go_between(name: str | None) -> bool:
    """Whether a name is that of a firm, or of one who speaks for the customer: a landlord, a realtor, an
    agent. Their phones and names are on the dispatches of many households."""
    text = fold((name or "")[:LONGEST])
    return is_company(text) or _GO_BETWEEN.search(text) is not None


def is_office_phone(kind: str | None) -> bool:
    """Whether the partner's word for a phone is that of a place of work, which many share."""
    return (kind or "").strip().upper() in _OFFICE_PHONES


@lru_cache(8192)
def people(name: str | None) -> tuple[str, ...]:
    """The persons behind one name field, each as `FIRST … LAST` without titles and suffixes.

    Partners put two people into one field ("PAT & SAM EXAMPLE"), estates ("ESTATE OF ANN LEE") and words that
    name nobody ("TENANT"), for which nothing comes back. A company is one name, however many `&` it has.
    """
    text = _ASIDE.sub(" ", fold((name or "")[:LONGEST]))
    if is_company(text):
        return (" ".join(_words(text)),)
    parts = [_person(part) for part in _JOINED.split(text)]
    surname = next((last for _, last in parts if last), "")
    found: list[str] = []
    for position, (words, last) in enumerate(parts):
        if not words or _PLACEHOLDER.fullmatch(" ".join(words)):
            continue
        if len(words) == 1 and not last and len(parts) > 1:
            later = next((other for other, _ in parts[position + 1 :] if len(other) > 1), None)
            words = [*words, *([surname] if surname else later[-1:] if later else [])]
        found.append(" ".join([*words, last]).strip())
    return tuple(dict.fromkeys(found))


def _person(part: str) -> tuple[list[str], str]:
    """The words of one person, and the surname where it stood first and before a comma."""
    part = _ESTATE.sub("", part.strip())
    last, comma, first = part.partition(",")
    given = [
        word for word in _words(first if comma else part) if word not in _SUFFIXES and word not in _TITLES
    ]
    if comma and given:
        return given, " ".join(word for word in _words(last) if word not in _SUFFIXES)
    return ([word for word in _words(last) if word not in _SUFFIXES] if comma else given), ""


def _words(text: str) -> list[str]:
    return text.replace(".", " ").replace("-", " ").replace(",", " ").split()


@lru_cache(8192)
def sort_name(name: str) -> str:
    """`LAST FIRST` of the first person, for lists and the search by surname; at most 200 signs."""
    first = next(iter(people(name)), fold(name))
    words = first.split()
    if len(words) > 1 and not is_company(name):
        first = " ".join([words[-1], *words[:-1]])
    return first[:200]


@lru_cache(16384)
def e164(number: str, region: str = "US") -> str | None:
    """The number in E.164 (`+16515550137`, an extension left out), or None where it is no possible number.

    North American numbers take a fast path; `phonenumbers` reads the others. One digit repeated
    (999-999-9999) is what people type where a number is required, and is nobody's.
    """
    if len(number) > LONGEST:
        return None
    plain = _PUNCTUATION.sub("", _EXTENSION.sub("", number))
    if found := _NANP.fullmatch(plain):
        return None if len(set(found[1])) == 1 else f"+1{found[1]}"
    if not plain.startswith(("+", "011")):
        return None
    import phonenumbers  # a third of a second of metadata, and foreign numbers are rare

    try:
        parsed = phonenumbers.parse(number, region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(parsed):
        return None
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


@lru_cache(16384)
def kept_number(number: str) -> str:
    """What is stored: E.164, or the text as given where it is not valid or has an extension."""
    found = e164(number)
    return found if found and not _EXTENSION.search(number) else number.strip()


def email_key(email: str | None) -> str | None:
    """The address without regard to case, or None where it is no address."""
    text = (email or "").strip().casefold()
    return text if text.count("@") == 1 and not text.startswith("@") and "." in text.split("@")[1] else None
