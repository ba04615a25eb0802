"""What all bodies have in common."""

from datetime import datetime
from typing import Annotated

from pydantic import ConfigDict, StringConstraints

from shared import bodies

Word = Annotated[str, StringConstraints(min_length=1, max_length=60, pattern=r"^[^\x00-\x1f]+$")]
Partner = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_.-]{0,39}$")]
Time = datetime


class Body(bodies.Body):
    model_config = ConfigDict(str_strip_whitespace=True, str_max_length=2_000)
