"""Who is who: the cases of the office, and what must hold for all of them."""

import random
from datetime import date
from uuid import UUID

import pytest
from customer.evidence import ADDRESS, CONTRACT, NAME, PHONE
from customer.facts import Asked, Known, Period, contract_key, keys
from customer.matching import LEAD, OTHER_PLACE, Verdict, decide, score
from hypothesis import given
from hypothesis import strategies as st

HERE = "75001|12|N SAMPLE ST|3"
UNIT_FOUR = "75001|12|N SAMPLE ST|4"
ELSEWHERE = "75001|99|OTHER RD|"
PHONE_KEY, MAIL = "p:+16515550137", "e:pat@example.com"

PAT = Asked(
    contract="AHS|1",
    address=HERE,
    phones=frozenset({"+16515550137"}),
    emails=frozenset({"pat@example.com"}),
    names=frozenset({"PAT EXAMPLE"}),
)


def known(
    *shared: str,
    address: str | None = HERE,
    names: tuple[str, ...] = ("PAT EXAMPLE",),
    customer: int = 1,
    at: int = 1,
    has_phones: bool = False,
) -> Known:
    if address == PAT.address:
        shared = (*shared, f"a:{HERE}")
    return Known(UUID(int=at), UUID(int=customer), frozenset(shared), address, names, has_phones)


def ask(*candidates: Known, asked: Asked = PAT) -> Verdict:
    return decide(asked, candidates, automatic=85, review=60)


def test_contract_and_address_are_enough_where_nothing_contradicts() -> None:
    verdict = ask(known("c:AHS|1", names=()))
    assert verdict.state == "automatic"
    assert verdict.best
    assert verdict.best.score == 100
    assert verdict.best.reasons == ("same contract", "same address")


@pytest.mark.parametrize(
    ("candidate", "state"),
    [
        (known("c:AHS|1", names=("LEE NG",)), "review"),  # sold with its contract
        (known("c:AHS|1", PHONE_KEY, names=("LEE NG",)), "automatic"),  # the family's phone
        (known("c:AHS|1", names=("SAM EXAMPLE",), has_phones=True), "automatic"),  # a relative, a new phone
        (known("c:AHS|1", names=(), has_phones=True), "review"),  # nobody's name, another phone
        (known("c:AHS|1", names=("LEE NG",), has_phones=True), "review"),
        (known("c:AHS|1", PHONE_KEY, address="75001|12|N SAMPLE ST|"), "review"),  # which unit?
    ],
)
def test_the_same_contract_and_what_speaks_against_it(candidate: Known, state: str) -> None:
    assert ask(candidate).state == state


@pytest.mark.parametrize(
    ("candidate", "state"),
    [
        (known(), "review"),  # a namesake
        (known(PHONE_KEY), "automatic"),
        (known(MAIL), "automatic"),
        (known(MAIL, has_phones=True), "review"),  # another phone
        (known(PHONE_KEY, names=("SAM EXAMPLE",)), "automatic"),  # a relative
        (known(PHONE_KEY, names=("LEE NG",)), "review"),  # the landlord's phone in the tenant's place
        (known(PHONE_KEY, MAIL, names=()), "review"),
        (known(PHONE_KEY, address="75001|12|N SAMPEL ST|3"), "review"),
        (known(MAIL, names=("LEE NG",), has_phones=True), "new"),  # two tenants with an agent's e-mail
        (known(names=("LEE NG",), has_phones=True), "new"),  # a sold house
    ],
)
def test_another_contract_or_none_at_the_same_address(candidate: Known, state: str) -> None:
    assert ask(candidate).state == state


@pytest.mark.parametrize(
    ("starts", "unit", "tenants", "state"),
    [
        (date(2026, 1, 1), "", False, "automatic"),  # renewed
        (date(2028, 1, 1), "", False, "automatic"),  # in later years
        (date(2026, 1, 1), "", True, "review"),  # somebody else lives there: an owner of several flats
        (date(2025, 6, 1), "", False, "review"),  # beside the other
        (date(2026, 6, 1), "", False, "review"),
        (None, "", False, "review"),
        (date(2025, 6, 1), "3", False, "automatic"),  # the unit says which flat
    ],
)
def test_an_owner_with_another_contract_may_have_several_flats(
    starts: date | None, unit: str, tenants: bool, state: str
) -> None:
    here = f"75001|12|N SAMPLE ST|{unit}"
    asked = PAT._replace(address=here, period=Period(starts, None), contract="AHS|2")
    contracts = (Period(date(2025, 1, 1), date(2026, 1, 1)),)
    living = frozenset({"KIM LANE"}) if tenants else frozenset[str]()
    owner = known(PHONE_KEY, address=here)._replace(contracts=contracts, tenants=living)
    assert ask(owner, asked=asked).state == state
    with_tenant = asked._replace(persons=frozenset({"PAT EXAMPLE", "LEE NG"}))
    assert (ask(owner, asked=with_tenant).state == "automatic") == (unit == "3")


def test_a_firm_proves_nothing() -> None:
    firm = PAT._replace(names=frozenset({"CITY RENTALS INC"}), speaks_itself=False, phones=frozenset())
    its_flat = known(PHONE_KEY, MAIL, names=("CITY RENTALS INC",))
    assert ask(its_flat, asked=firm).state == "review"
    assert ask(known("c:AHS|1", names=("CITY RENTALS INC",)), asked=firm).state == "automatic"


def test_a_lead_of_exactly_ten_points_is_enough() -> None:
    """One more point for the other, and a person is asked."""
    asked = PAT._replace(address="75001|12|N SAMPLE ST|", phones=frozenset({"+16515550137", "+16515550138"}))
    place = {"address": "75001|12|N SAMPLE ST|"}
    best = known(PHONE_KEY, "a:75001|12|N SAMPLE ST|", customer=1, at=1, **place)
    beside = (Period(date(2020, 6, 1), date(2021, 6, 1)),)
    rival = known(PHONE_KEY, "p:+16515550138", names=("SAM EXAMPLE",), customer=2, at=2, **place)
    rival = rival._replace(contracts=beside, shared=rival.shared | {"a:75001|12|N SAMPLE ST|"})
    assert score(asked, best).points - score(asked, rival).points == LEAD
    assert ask(best, rival, asked=asked).state == "automatic"
    assert ask(best, rival._replace(shared=rival.shared | {MAIL}), asked=asked).state == "review"


def test_an_owner_with_two_houses_is_asked_about() -> None:
    verdict = ask(known("c:AHS|1", PHONE_KEY, MAIL, address=ELSEWHERE))
    assert verdict.state == "review"
    assert verdict.best
    assert verdict.best.score == OTHER_PLACE
    assert verdict.best.reasons == (
        "same contract",
        "same phone",
        "same e-mail",
        "other address",
        "same name",
    )


def test_the_same_house_in_another_unit_is_another_household() -> None:
    assert ask(known(address=UNIT_FOUR)).state == "new"
    assert ask(known(PHONE_KEY, address=UNIT_FOUR)).state == "review"
    found = score(PAT, known(address=UNIT_FOUR))
    assert (found.score, found.reasons) == (NAME, ("other unit", "same name"))


def test_a_recycled_phone_number_alone_is_nobody() -> None:
    assert ask(known(PHONE_KEY, address=ELSEWHERE, names=("LEE NG",))).state == "new"


def test_the_contract_number_of_another_partner_is_nothing() -> None:
    assert contract_key("AHS", "1") != contract_key("HSA", "1")
    assert contract_key("AHS", " 1 ") == "AHS|1"
    assert contract_key("AHS", "") is None
    assert ask(known("c:HSA|1", address=ELSEWHERE, names=("LEE NG",))).state == "new"


def test_an_address_with_a_slip_of_the_pen_is_nearly_the_same() -> None:
    slip = known("c:AHS|1", address="75001|12|N SAMPEL ST|3")
    verdict = ask(slip)
    assert verdict.state == "automatic"
    assert verdict.best
    assert "nearly the same address" in verdict.best.reasons
    assert score(PAT, known(address="75001|12|N SAMPLE ST|")).reasons[0] == "same house, a unit is missing"


def test_double_house_numbers_and_placeholders_are_never_nearly_the_same() -> None:
    double = PAT._replace(address="75001|10&4|N SAMPLE ST|")
    assert "other address" in score(double, known(address="75001|10&4|N SAMPEL ST|")).reasons
    assert "other address" in score(double, known(address="75001|4|N SAMPLE ST|")).reasons
    nowhere = PAT._replace(address=None)
    assert score(nowhere, known(address=None)).points == NAME


def test_a_dispatch_without_an_address_goes_by_the_rest() -> None:
    assert ask(known("c:AHS|1"), asked=PAT._replace(address=None)).state == "automatic"
    assert ask(known("c:AHS|1", names=()), asked=PAT._replace(address=None)).state == "review"


def test_names_nearly_alike() -> None:
    def name(one: str, other: str) -> int:
        return score(
            PAT._replace(names=frozenset({one}), address=None), known(address=None, names=(other,))
        ).points

    assert name("KATHERINE EXAMPLE", "KATHERINE EXAMPLE") == NAME
    assert name("KATHERINE EXAMPLE", "CATHERINE EXAMPLE") == NAME
    assert name("EXAMPLE PAT", "PAT EXAMPLE") == NAME
    assert name("J ROBINSON", "JOHN ROBINSON") == NAME
    assert 0 < name("MARY EXAMPLE", "PAT EXAMPLE") < NAME
    assert name("MARY SAMPLE", "PAT EXAMPLE") == 0
    assert name("J", "JOHN ROBINSON") == 0


def test_two_customers_who_fit_equally_are_told_apart_by_a_person() -> None:
    twins = (known(PHONE_KEY, customer=1, at=1), known(PHONE_KEY, customer=2, at=2))
    verdict = ask(*twins)
    assert verdict.state == "review"
    assert verdict.best
    assert "another customer fits as well" in verdict.best.reasons
    assert len(verdict.ranked) == 2
    assert ask(known(PHONE_KEY, customer=1, at=1), known(PHONE_KEY, customer=1, at=2)).state == "review"
    assert (
        ask(known("c:AHS|1", PHONE_KEY, customer=1, at=1), known(PHONE_KEY, customer=2, at=2)).state
        == "automatic"
    )


def test_nobody_known_is_a_new_customer() -> None:
    assert ask() == Verdict("new", None, ())


def test_names_are_not_looked_up() -> None:
    assert keys(PAT) == ["c:AHS|1", f"a:{HERE}", PHONE_KEY, MAIL]
    assert keys(Asked(None, None, frozenset(), frozenset(), frozenset({"PAT EXAMPLE"}))) == []


_names = st.sampled_from(["PAT EXAMPLE", "SAM EXAMPLE", "LEE NG", "L NG", "J", "SMITH FAMILY TRUST"])
_addresses = st.sampled_from(
    [HERE, UNIT_FOUR, ELSEWHERE, "75001|12|N SAMPEL ST|3", "75001|10&4|OAK ST|", None]
)
_shared = st.frozensets(st.sampled_from(["c:AHS|1", PHONE_KEY, MAIL, "p:+16515550138", f"a:{HERE}"]))
_known = st.builds(
    Known,
    st.uuids(),
    st.sampled_from([UUID(int=1), UUID(int=2)]),
    _shared,
    _addresses,
    st.lists(_names, max_size=3).map(tuple),
)


@given(st.lists(_known, max_size=6, unique_by=lambda each: each.location_id), st.randoms())
def test_the_order_of_candidates_does_not_matter(candidates: list[Known], chance: random.Random) -> None:
    shuffled = chance.sample(candidates, len(candidates))
    assert ask(*candidates) == ask(*shuffled)


@given(_known, st.sampled_from(["c:AHS|1", PHONE_KEY, MAIL, f"a:{HERE}"]))
def test_more_agreement_never_counts_for_less(candidate: Known, more: str) -> None:
    agreeing = candidate._replace(shared=candidate.shared | {more})
    assert score(PAT, agreeing).score >= score(PAT, candidate).score
    named = candidate._replace(names=(*candidate.names, "PAT EXAMPLE"))
    assert score(PAT, named).score >= score(PAT, candidate).score


@given(_known)
def test_one_piece_alone_is_never_taken_without_asking(candidate: Known) -> None:
    found = score(PAT, candidate)
    assert 0 <= found.score <= 100
    if len(found.reasons) == 1:
        assert found.score <= max(CONTRACT, ADDRESS, NAME, PHONE)
    if {"other address", "other unit"} & set(found.reasons):
        assert found.score <= OTHER_PLACE
