"""How a simulated partner answers, until it is told otherwise."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Mode = Literal["accept", "refuse", "fail", "lie", "garble", "stall"]


class Behaviour(BaseModel):
    """`accept`, `refuse` (422) and `fail` (500) say what they mean. `lie` and `garble` answer 200 with an
    error in the body, or with a login page. `stall` books the update and answers after `seconds`, when
    nobody waits any more. `times` is for how many requests; None: until changed."""

    model_config = ConfigDict(extra="forbid")

    mode: Mode = "accept"
    times: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    seconds: Annotated[float, Field(ge=0, le=600)] = 60


class Temper:
    """The behaviour in force."""

    def __init__(self) -> None:
        self.behaviour = Behaviour()

    def take(self) -> Behaviour:
        """The behaviour for one request, which counts; after the last one the partner has recovered."""
        now = self.behaviour
        if now.times is not None:
            left = now.times - 1
            self.behaviour = now.model_copy(update={"times": left}) if left else Behaviour()
        return now
