"""What is told of disputes, in any order and more than once, comes to one sum."""

from itertools import permutations

import pytest
from payments.disputes import Case, Stages, contradictory, out_of_hands, state_of, told, withdrawn_of
from payments.gateways.found import Stage

NEWS: list[tuple[Stage, int | None]] = [
    ("opened", None),
    ("withdrawn", 500),
    ("withdrawn", 700),
    ("withdrawn", None),
    ("reinstated", 300),
    ("reinstated", 100),
    ("won", 0),
    ("won", 20),
]


def test_of_two_sums_for_a_stage_the_one_that_went_further_counts_in_any_order() -> None:
    for order in permutations(NEWS, 4):
        stages: Stages = {}
        for stage, withdrawn in (*order, *order):
            stages = told(stages, stage, withdrawn)
        for stage in {stage for stage, _ in order}:
            sums = [said for name, said in order if name == stage and said is not None]
            further = min if stage in ("reinstated", "won") else max
            assert stages[stage] == (further(sums) if sums else None)
        assert stages.keys() == {stage for stage, _ in order}


def test_a_sum_of_nothing_is_a_sum() -> None:
    assert told({"won": 0}, "won", None) == {"won": 0}
    assert told({"won": None}, "won", 0) == {"won": 0}
    assert told({"withdrawn": 0}, "withdrawn", 5) == {"withdrawn": 5}
    assert told({"lost": 5}, "lost", 7) == {"lost": 7}


@pytest.mark.parametrize(
    ("stages", "state", "withdrawn"),
    [
        ({"opened": None}, "opened", 0),
        ({"withdrawn": None, "opened": None}, "withdrawn", 1000),
        ({"withdrawn": 400, "opened": None}, "withdrawn", 400),
        ({"reinstated": None, "withdrawn": 400}, "reinstated", 0),
        ({"reinstated": 100, "withdrawn": 400}, "reinstated", 100),
        ({"lost": None, "withdrawn": 400}, "lost", 1000),
        ({"lost": 0, "withdrawn": 400}, "lost", 0),
        ({"reinstated": 0, "lost": 400}, "lost", 400),
        ({"won": None, "lost": 400, "withdrawn": 400}, "won", 0),
    ],
)
def test_the_last_stage_counts(stages: Stages, state: Stage, withdrawn: int) -> None:
    assert state_of(stages) == state
    assert withdrawn_of(stages, 1000) == withdrawn


def test_what_is_withdrawn_of_an_unknown_amount_is_nothing() -> None:
    assert withdrawn_of({"withdrawn": None}, None) == 0


@pytest.mark.parametrize(
    ("stages", "both"),
    [
        ({"lost": 1, "won": 0}, True),
        ({"lost": 1, "reinstated": 0}, True),
        ({"lost": 1, "withdrawn": 1}, False),
        ({"won": 0, "reinstated": 0}, False),
    ],
)
def test_lost_and_back_again_contradict(stages: Stages, both: bool) -> None:
    assert contradictory(stages) is both


@pytest.mark.parametrize(
    ("cases", "withdrawn"),
    [
        ([], 0),
        ([Case(True, 500, 500, False)], 500),
        ([Case(True, 500, 500, False), Case(True, 300, 200, False)], 700),
        ([Case(False, None, 400, False)], 400),
        ([Case(False, None, 400, False), Case(False, None, 100, False)], 500),
        # the withdrawal is that of the named case, told without its name
        ([Case(False, None, 400, False), Case(True, 400, 400, False)], 400),
        ([Case(False, None, 400, False), Case(True, 400, 0, True)], 0),
        ([Case(False, None, 900, False), Case(True, 400, 0, True)], 500),
        ([Case(False, None, 900, False), Case(True, 400, 100, True)], 600),
        ([Case(False, None, 900, False), Case(True, None, 0, True)], 0),
        ([Case(False, None, 900, False), Case(True, 400, 0, False)], 900),
        # more is out of our hands than was disputed at first
        ([Case(False, None, 900, False), Case(True, 400, 600, True)], 900),
        ([Case(False, None, 100, False), Case(True, 400, 0, True)], 0),
        ([Case(False, 400, 0, True), Case(False, None, 300, False)], 300),
    ],
)
def test_what_is_out_of_our_hands(cases: list[Case], withdrawn: int) -> None:
    assert out_of_hands(cases) == withdrawn
    assert out_of_hands(iter(reversed(cases))) == withdrawn
