"""Whose dispatch is it: 0 to 100 points between what a dispatch says and what is known, with the reasons.

Points are added, so that more agreement never counts for less. No single piece decides alone: phones are
handed on, houses are sold, contracts are renewed, namesakes exist. Two kinds of agreement are enough.
"""

from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple
from uuid import UUID

from rapidfuzz import fuzz

CONTRACT, ADDRESS, NAME, PHONE, EMAIL = 60, 60, 30, 30, 30
NEARLY, SURNAME, SECOND_PHONE = 30, 15, 5
OTHER_PLACE = 80
"""The most that a candidate at another address can reach: a person must say which address is right."""
LEAD = 10
"""By how many points the best candidate must lead one of another customer to be taken without asking."""
LONGEST_KEY = 400

State = Literal["automatic", "review", "new"]


class Asked(NamedTuple):
    """What a dispatch says. All values are keys, as `contract_key`, `address_key`, … make them."""

    contract: str | None
    address: str | None
    phones: frozenset[str]
    emails: frozenset[str]
    names: frozenset[str]


class Known(NamedTuple):
    """A location that shares at least one key with the dispatch. `shared` are the keys it shares, with their
    kind (`c:`, `a:`, `p:`, `e:`); `address` is its own, `names` are all persons known there."""

    location_id: UUID
    customer_id: UUID
    shared: frozenset[str]
    address: str | None
    names: tuple[str, ...]


class Scored(NamedTuple):
    """`points` rank beyond 100, `score` is what people see."""

    known: Known
    points: int
    score: int
    reasons: tuple[str, ...]


class Verdict(NamedTuple):
    """`best` is None when nobody comes into question; `ranked` are all that a person could choose from."""

    state: State
    best: Scored | None
    ranked: tuple[Scored, ...]


def contract_key(partner: str | None, contract_id: str | None) -> str | None:
    """A contract number means something only together with its partner."""
    contract_id = (contract_id or "").strip().upper()
    return f"{(partner or '').upper()}|{contract_id}" if contract_id else None


def keys(asked: Asked) -> list[str]:
    """The keys by which candidates are looked up. Names are compared, never looked up; what is longer than an
    index can hold is left out."""
    found = [
        *([f"c:{asked.contract}"] if asked.contract else ()),
        *([f"a:{asked.address}"] if asked.address else ()),
        *(f"p:{phone}" for phone in sorted(asked.phones)),
        *(f"e:{email}" for email in sorted(asked.emails)),
    ]
    return [key for key in found if len(key) <= LONGEST_KEY]


def decide(asked: Asked, known: Iterable[Known], *, automatic: int, review: int) -> Verdict:
    """The answer for one dispatch. `automatic` and `review` are the least scores for either.

    The order of `known` does not matter. Where two customers fit almost equally well, a person
    must tell them apart.
    """
    scored = [score(asked, each) for each in known]
    ranked = sorted((each for each in scored if each.score >= review), key=_rank)
    if not ranked:
        return Verdict("new", None, ())
    best = ranked[0]
    rival = next((each for each in ranked if each.known.customer_id != best.known.customer_id), None)
    if best.score >= automatic and (rival is None or best.points - rival.points >= LEAD):
        return Verdict("automatic", best, tuple(ranked))
    if best.score >= automatic:
        best = best._replace(reasons=(*best.reasons, "another customer fits as well"))
    return Verdict("review", best, (best, *ranked[1:]))


def _rank(each: Scored) -> tuple[int, UUID]:
    return -each.points, each.known.location_id


def score(asked: Asked, known: Known) -> Scored:
    points, reasons = _shared(asked, known.shared)
    placed, place = _place(asked.address, known)
    named, name = _best_name(asked.names, known.names)
    points += placed + named
    reasons += [reason for reason in (place, name) if reason]
    top = 100
    if place in _OTHER:
        top, points = OTHER_PLACE, min(points, OTHER_PLACE)
    return Scored(known, points, min(points, top), tuple(reasons))


def _shared(asked: Asked, shared: frozenset[str]) -> tuple[int, list[str]]:
    points, reasons = 0, list[str]()
    if asked.contract and f"c:{asked.contract}" in shared:
        points, reasons = CONTRACT, ["same contract"]
    phones = sum(f"p:{phone}" in shared for phone in asked.phones)
    if phones:
        points += PHONE + (SECOND_PHONE if phones > 1 else 0)
        reasons.append("same phone" if phones == 1 else f"{phones} same phones")
    if any(f"e:{email}" in shared for email in asked.emails):
        points += EMAIL
        reasons.append("same e-mail")
    return points, reasons


_OTHER = ("other address", "other unit")


def _place(asked: str | None, known: Known) -> tuple[int, str | None]:
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
    if unit != known_unit and unit and known_unit:
        return 0, "other unit"
    return NEARLY, "nearly the same address"


def _best_name(asked: frozenset[str], known: Sequence[str]) -> tuple[int, str | None]:
    if not asked.isdisjoint(known):
        return NAME, "same name"
    found = max((_name(one, other) for one in asked for other in known), default=0)
    return found, {NAME: "same name", SURNAME: "same surname"}.get(found)


def _name(one: str, other: str) -> int:
    """Spelled nearly alike, or with initials ("J ROBINSON"): the same. Only the surname alike: a relative."""
    if max(fuzz.ratio(one, other), fuzz.token_sort_ratio(one, other)) >= 92:
        return NAME
    mine, theirs = one.split(), other.split()
    if mine[-1] != theirs[-1]:
        return 0
    initials = len(mine[0]) == 1 or len(theirs[0]) == 1
    return NAME if initials and mine[0][0] == theirs[0][0] and len(mine) > 1 < len(theirs) else SURNAME
