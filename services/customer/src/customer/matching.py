"""Whose dispatch is it: 0 to 100 points between what a dispatch says and what is known, with the reasons.

Points rank the candidates. Whether one is taken without asking is another question, and `certainty` answers
it: evidence is only what is the customer's own (claims.asked), and another contract, name or phone speaks
against it. Phones are handed on, houses are sold, contracts are renewed, namesakes and families live in one
house.
"""

from collections.abc import Iterable
from typing import Literal, NamedTuple
from uuid import UUID

from customer.evidence import (
    AGAINST,
    ANOTHER_CONTRACT,
    CONTRACT,
    EMAIL,
    HERE,
    OTHER,
    certainty,
    is_renewed,
    names_agree,
    phones_agree,
    places_agree,
)
from customer.facts import Asked, Known

UNCERTAIN = OTHER_PLACE = 80
"""The most that a candidate can reach who is not certain, or is at another address: a person must say."""
LEAD = 10
"""By how many points the best candidate must lead one of another customer to be taken without asking."""

State = Literal["automatic", "review", "new"]


class Scored(NamedTuple):
    """`points` rank beyond 100, `score` is what people see. `certain`: 2 by the contract, 1 by the person,
    0 not."""

    known: Known
    points: int
    score: int
    reasons: tuple[str, ...]
    certain: int = 0


class Verdict(NamedTuple):
    """`best` is None when nobody comes into question; `ranked` are all that a person could choose from."""

    state: State
    best: Scored | None
    ranked: tuple[Scored, ...]


def decide(asked: Asked, known: Iterable[Known], *, automatic: int, review: int) -> Verdict:
    """The answer for one dispatch. `automatic` and `review` are the least scores for either.

    The order of `known` does not matter. Where two places are equally certain, or two customers fit almost
    equally well, a person must tell them apart.
    """
    scored = [score(asked, each) for each in known]
    ranked = sorted((each for each in scored if each.score >= review), key=_rank)
    if not ranked:
        return Verdict("new", None, ())
    best = ranked[0]
    if not best.certain or best.score < automatic:
        return Verdict("review", best, tuple(ranked))
    if not any(_rivals(best, each) for each in ranked[1:]):
        return Verdict("automatic", best, tuple(ranked))
    best = best._replace(reasons=(*best.reasons, "another customer fits as well"))
    return Verdict("review", best, (best, *ranked[1:]))


def _rivals(best: Scored, other: Scored) -> bool:
    if other.certain >= best.certain or "same contract" in other.reasons:
        return True
    return other.known.customer_id != best.known.customer_id and best.points - other.points < LEAD


def _rank(each: Scored) -> tuple[int, int, UUID]:
    return -each.certain, -each.points, each.known.location_id


def score(asked: Asked, known: Known) -> Scored:
    """Points for what agrees, against what contradicts, and whether that is enough."""
    placed, place = places_agree(asked.address, known)
    here = place in HERE
    same_contract = bool(asked.contract) and f"c:{asked.contract}" in known.shared
    found = [
        (CONTRACT, "same contract") if same_contract else (0, None),
        phones_agree(asked, known),
        (EMAIL, "same e-mail") if any(f"e:{email}" in known.shared for email in asked.emails) else (0, None),
        (placed, place),
        names_agree(asked.names, known.names),
    ]
    if here and not same_contract and not is_renewed(asked, known):
        found.append((0, ANOTHER_CONTRACT))
    reasons = tuple(reason for _, reason in found if reason)
    certain = certainty(frozenset(reasons), asked, known, same_contract=same_contract)
    points = sum(points for points, _ in found)
    if sum(reason.startswith("another ") for reason in reasons) > 1:
        # the e-mail address of two strangers is their landlord's or agent's
        points += AGAINST - (EMAIL if "same e-mail" in reasons else 0)
    points = max(0, points)
    if place in OTHER:
        points = min(points, OTHER_PLACE)
    return Scored(known, points, min(points, 100 if certain else UNCERTAIN), reasons, certain)
