"""What all that was told of a charge's disputes comes to, in whatever order it came."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from payments.gateways.found import Stage

_RANK: tuple[Stage, ...] = ("opened", "withdrawn", "reinstated", "lost", "won")
"""Of several stages that were told of one case, the last of these counts."""
Stages = Mapping[str, int | None]
"""By stage: how much was withdrawn after it, None where the gateway did not say."""


class Case(NamedTuple):
    """`named`: the gateway's own case; else a withdrawal of which it does not say for which case. `amount` is
    disputed, `withdrawn` out of our hands."""

    named: bool
    amount: int | None
    withdrawn: int
    returned: bool


def told(stages: Stages, stage: Stage, withdrawn: int | None) -> dict[str, int | None]:
    """The stages with one more piece of news. A repeat changes nothing; of two sums for one stage, the one
    that went further counts."""
    known = stages.get(stage)
    if withdrawn is None or known is None:
        return {**stages, stage: known if withdrawn is None else withdrawn}
    further = min if stage in ("reinstated", "won") else max
    return {**stages, stage: further(known, withdrawn)}


def state_of(stages: Stages) -> Stage:
    return next(stage for stage in reversed(_RANK) if stage in stages)


def withdrawn_of(stages: Stages, amount: int | None) -> int:
    """What is out of our hands after the last stage."""
    state = state_of(stages)
    said = stages[state]
    if said is not None:
        return said
    return (amount or 0) if state in ("withdrawn", "lost") else 0


def contradictory(stages: Stages) -> bool:
    """Whether it was told that the case is lost, and that the money came back."""
    return "lost" in stages and bool({"won", "reinstated"} & stages.keys())


def out_of_hands(cases: Iterable[Case]) -> int:
    """How much of one charge is withdrawn for all its disputes. A withdrawal without a case is that of one of
    the named cases, where there are such: what these brought back, it brought back."""
    cases = list(cases)
    withdrawn = sum(case.withdrawn for case in cases if case.named)
    nameless = sum(case.withdrawn for case in cases if not case.named)
    back = sum(
        nameless if case.amount is None else max(case.amount - case.withdrawn, 0)
        for case in cases
        if case.named and case.returned
    )
    return max(nameless - back, withdrawn)
