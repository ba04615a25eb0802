"""Status codes: the office's own words, the partner's codes, and the association between the two.

A `StatusMap` is one version of one partner's association. It is data, never a constant: partners' code lists
differ from year to year, and published lists contradict each other above 340.
"""

from collections.abc import Collection
from typing import Literal, NamedTuple, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator


class PartnerCode(BaseModel):
    """A code of the partner. `time` says which time goes with it: that of the change, or the start of the
    appointment; None when the partner wants none. Only `code` is a key: the names' spelling differs by
    source."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    code: str = Field(min_length=1, max_length=40)
    name: str = Field(min_length=1, max_length=200)
    time: Literal["change", "appointment"] | None = None


class StatusMap(BaseModel):
    """`pairs` maps an office code to a partner code; several office codes may share one partner code."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    codes: tuple[PartnerCode, ...] = Field(max_length=500)
    pairs: dict[str, str] = Field(max_length=500)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        known = [code.code for code in self.codes]
        twice = sorted({code for code in known if known.count(code) > 1})
        if twice:
            raise ValueError(f"partner codes listed twice: {', '.join(twice)}")
        unknown = sorted(set(self.pairs.values()) - set(known))
        if unknown:
            raise ValueError(f"pairs name partner codes that are not listed: {', '.join(unknown)}")
        return self

    def partner_code(self, office: str) -> PartnerCode | None:
        """What the partner is told when the office sets `office`; None: the partner is told nothing."""
        code = self.pairs.get(office)
        return next((known for known in self.codes if known.code == code), None)

    def office_codes(self, partner: str) -> list[str]:
        return [office for office, code in self.pairs.items() if code == partner]


class Gaps(NamedTuple):
    """What a map leaves open. `untold`: office codes in use that the partner never hears of; `unused`:
    partner codes that no office code reaches; `unknown`: paired office codes that do not exist or are
    retired; `timed`: partner codes that carry a time."""

    untold: list[str]
    unused: list[str]
    unknown: list[str]
    timed: list[str]


def gaps(association: StatusMap, office: Collection[str]) -> Gaps:
    reached = set(association.pairs.values())
    return Gaps(
        untold=[code for code in office if code not in association.pairs],
        unused=[code.code for code in association.codes if code.code not in reached],
        unknown=[code for code in association.pairs if code not in office],
        timed=[code.code for code in association.codes if code.time],
    )


class Move(NamedTuple):
    """An office code whose partner code differs between two versions; None: not told."""

    office: str
    old: str | None
    new: str | None


def moves(old: StatusMap, new: StatusMap) -> list[Move]:
    """What a new version would change, in the order of the office codes."""
    return [
        Move(office, old.pairs.get(office), new.pairs.get(office))
        for office in sorted(old.pairs.keys() | new.pairs.keys())
        if old.pairs.get(office) != new.pairs.get(office)
    ]
