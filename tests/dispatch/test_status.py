import pytest
from dispatch.status import Move, PartnerCode, StatusMap, gaps, moves
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

codes = st.sampled_from(["10", "20", "30", "40", "50"])
offices = st.sampled_from(["Complete", "Working", "Scheduled", "Cancelled", "Pending", "Parked"])


@st.composite
def maps(draw: st.DrawFn) -> StatusMap:
    known = draw(st.sets(codes))
    pairs = draw(st.dictionaries(offices, st.sampled_from(sorted(known)))) if known else {}
    return StatusMap(codes=tuple(PartnerCode(code=code, name=f"Code {code}") for code in known), pairs=pairs)


@given(maps())
def test_both_directions_agree(association: StatusMap) -> None:
    for office in association.pairs:
        told = association.partner_code(office)
        assert told is not None
        assert office in association.office_codes(told.code)
    told = {office for code in association.codes for office in association.office_codes(code.code)}
    assert told == set(association.pairs)


@given(maps(), st.sets(offices))
def test_gaps_and_pairs_cover_everything_once(association: StatusMap, used: set[str]) -> None:
    found = gaps(association, used)
    assert set(found.untold) | (used & association.pairs.keys()) == used
    assert set(found.unknown) == association.pairs.keys() - used
    assert set(found.unused) == {c.code for c in association.codes} - set(association.pairs.values())


@given(maps(), maps())
def test_moves_turn_one_version_into_the_other(old: StatusMap, new: StatusMap) -> None:
    pairs = dict(old.pairs)
    for office, before, after in moves(old, new):
        assert pairs.pop(office, None) == before
        if after is not None:
            pairs[office] = after
    assert pairs == new.pairs
    assert moves(new, new) == []


def test_gap_check_names_what_is_open() -> None:
    association = StatusMap(
        codes=(
            PartnerCode(code="10", name="Complete", time="change"),
            PartnerCode(code="80", name="Delayed"),
        ),
        pairs={"Complete": "10", "Gone": "10"},
    )
    assert gaps(association, ["Complete", "Working"]) == (["Working"], ["80"], ["Gone"], ["10"])
    assert association.partner_code("Working") is None
    assert moves(association, association.model_copy(update={"pairs": {}})) == [
        Move("Complete", "10", None),
        Move("Gone", "10", None),
    ]


@pytest.mark.parametrize(
    ("codes", "pairs", "said"),
    [
        (["10", "10"], {}, "listed twice: 10"),
        (["10"], {"Complete": "20"}, "not listed: 20"),
    ],
)
def test_a_map_must_hang_together(codes: list[str], pairs: dict[str, str], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        StatusMap(codes=tuple(PartnerCode(code=code, name="x") for code in codes), pairs=pairs)
