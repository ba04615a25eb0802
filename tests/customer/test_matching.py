"""Who is who: the cases of the office, and what must hold for all of them."""

import random
from uuid import UUID

from customer.matching import (
    ADDRESS,
    CONTRACT,
    NAME,
    OTHER_PLACE,
    PHONE,
    Asked,
    Known,
    Verdict,
    contract_key,
    decide,
    keys,
    score,
)
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
) -> Known:
    if address == PAT.address:
        shared = (*shared, f"a:{HERE}")
    return Known(UUID(int=at), UUID(int=customer), frozenset(shared), address, names)


def ask(*candidates: Known, asked: Asked = PAT) -> Verdict:
    return decide(asked, candidates, automatic=85, review=60)


def test_contract_and_address_are_enough() -> None:
    verdict = ask(known("c:AHS|1", names=("LEE NG",)))
    assert verdict.state == "automatic"
    assert verdict.best
    assert verdict.best.score == 100
    assert verdict.best.reasons == ("same contract", "same address")


def test_a_renewed_contract_at_the_same_house_with_the_same_name() -> None:
    verdict = ask(known())
    assert (verdict.state, verdict.best and verdict.best.score) == ("automatic", ADDRESS + NAME)


def test_a_sold_house_is_for_a_person_to_judge() -> None:
    assert ask(known(names=("LEE NG",))).state == "review"


def test_a_tenant_with_the_owners_contract_is_at_the_owners_house() -> None:
    assert ask(known("c:AHS|1"), asked=PAT._replace(names=frozenset({"SAM TENNANT"}))).state == "automatic"


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
    assert score(PAT, known(address="75001|12|N SAMPLE ST|")).reasons[0] == "nearly the same address"


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
    assert ask(known(PHONE_KEY, customer=1, at=1), known(PHONE_KEY, customer=1, at=2)).state == "automatic"
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
