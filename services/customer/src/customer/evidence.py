"""What speaks for and against a dispatch being of a place, each with its points and its reason; and whether
all of it together is enough to ask nobody."""

from collections.abc import Sequence

from rapidfuzz import fuzz
from rapidfuzz.distance import OSA

from customer.contact import is_go_between
from customer.facts import Asked, Known, Period

CONTRACT, ADDRESS, NAME, PHONE, EMAIL = 60, 60, 30, 30, 30
NEARLY, SURNAME, SECOND_PHONE = 30, 15, 5
AGAINST = -30
"""Where two of contract, name and phone are another's. One alone takes nothing off, and bars certainty."""
YEAR, SAME_DAY = 365.25, 2
"""Days. A renewal begins on the day on which the contract before it ended."""
ANOTHER_CONTRACT = "another contract"
OTHER = ("other address", "other unit")
HERE = ("same address", "nearly the same address", "same house, a unit is missing")


def phones_agree(asked: Asked, known: Known) -> tuple[int, str | None]:
    phones = sum(f"p:{phone}" in known.shared for phone in asked.phones)
    if phones:
        more = SECOND_PHONE if phones > 1 else 0
        return PHONE + more, "same phone" if phones == 1 else f"{phones} same phones"
    return (0, "another phone") if asked.phones and known.has_phones else (0, None)


def places_agree(asked: str | None, known: Known) -> tuple[int, str | None]:
    if asked is None:
        return 0, None
    if asked == known.address or f"a:{asked}" in known.shared:
        return ADDRESS, "same address"
    if known.address is None:
        return 0, None
    place, number, street, unit = asked.split("|")
    known_place, known_number, known_street, known_unit = known.address.split("|")
    if (place, number) != (known_place, known_number) or not number or "&" in number:
        return 0, "other address"
    if fuzz.ratio(street, known_street) < 85:
        return 0, "other address"
    if unit == known_unit:
        return NEARLY, "nearly the same address"
    return (0, "other unit") if unit and known_unit else (NEARLY, "same house, a unit is missing")


def names_agree(asked: frozenset[str], known: Sequence[str]) -> tuple[int, str | None]:
    """A firm's name, or a go-between's, is that of many households: it proves nothing."""
    if not asked or not known:
        return 0, None
    persons = [name for name in known if not is_go_between(name)]
    mine = [name for name in asked if not is_go_between(name)]
    found = max((_name(one, other) for one in mine for other in persons), default=0)
    if not found and not asked.isdisjoint(known):
        return 0, "same firm"
    return {NAME: (NAME, "same name"), SURNAME: (SURNAME, "same surname")}.get(found, (0, "another name"))


def _name(one: str, other: str) -> int:
    """Spelled nearly alike, or with initials ("J ROBINSON"): the same. Only the surname alike: a relative."""
    if one == other or max(fuzz.ratio(one, other), fuzz.token_sort_ratio(one, other)) >= 92:
        return NAME
    if min(len(one), len(other)) >= 6 and OSA.distance(one, other, score_cutoff=1) <= 1:
        return NAME
    mine, theirs = one.split(), other.split()
    if mine[-1] != theirs[-1]:
        return 0
    initials = len(mine[0]) == 1 or len(theirs[0]) == 1
    return NAME if initials and mine[0][0] == theirs[0][0] and len(mine) > 1 < len(theirs) else SURNAME


def is_renewed(asked: Asked, known: Known) -> bool:
    """Whether the contract begins where one of the place ended, or on that day of another year. Any other is
    of another household, or of another flat of one owner. Without contracts nothing speaks against it."""
    if asked.contract is None or not known.contracts:
        return True
    return any(_renews(asked.period, each) or _renews(each, asked.period) for each in known.contracts)


def _renews(one: Period | None, other: Period | None) -> bool:
    starts, ends = one and one.starts_on, other and other.ends_on
    if starts is None or ends is None:
        return False
    between = (starts - ends).days
    years = round(between / YEAR)
    return years >= 0 and abs(between - years * YEAR) <= SAME_DAY


def certainty(found: frozenset[str], asked: Asked, known: Known, *, same_contract: bool) -> int:
    """2: contract and place say so, and nothing of the customer's own speaks against it. 1: the contract is
    another one, and the customer's own name and phone (or e-mail) are found at the very address; where that
    names no unit, the contract must be a renewal, and nobody else may have moved in, since an owner of
    several flats looks just so. 0: a person must say."""
    name, relative = "same name" in found, "same surname" in found
    phone = any(reason.endswith(("same phone", "same phones")) for reason in found)
    place = next((reason for reason in found if reason in (*HERE, *OTHER)), None)
    if same_contract:
        if place is None:
            return 2 if name and "another phone" not in found else 0
        contradicted = ("another name" in found and not phone) or (
            "another phone" in found and not (name or relative)
        )
        return 2 if place in HERE[:2] and not contradicted else 0
    if place != "same address" or not asked.speaks_itself:
        return 0
    renewed = ANOTHER_CONTRACT not in found
    mail = "same e-mail" in found and "another phone" not in found
    if asked.address is not None and not asked.address.endswith("|"):
        return 1 if (name and (phone or (mail and renewed))) or (relative and phone and renewed) else 0
    if not renewed or not asked.tenants <= known.tenants or (known.tenants and not asked.tenants):
        return 0
    return 1 if (name and (phone or mail)) or (relative and phone) else 0
