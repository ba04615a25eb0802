"""Edits say which version they are based on: ETag out, If-Match in."""

import re
from typing import Annotated

from fastapi import Depends, Header, Response

from shared.problems import Problem


def etag(version: int) -> str:
    return f'"{version}"'


def set_etag(response: Response, version: int) -> None:
    response.headers["ETag"] = etag(version)


_Given = Header(description="ETag of what was read.", pattern=r'^\s*(W/)?"[^"]*"\s*$', examples=['"1"'])
IfMatch = Annotated[str | None, _Given]


def _based_on(if_match: IfMatch = None) -> int:
    if if_match is None:
        raise Problem(428, "Say which version is edited", "Send If-Match with the ETag that you read.")
    found = re.fullmatch(r'(?:W/)?"(\d{1,9})"', if_match.strip())
    if not found:
        raise Problem(412, "This If-Match is no ETag of ours", "Read it again and use its ETag.")
    return int(found[1])


BasedOn = Annotated[int, Depends(_based_on)]


def check_version(based_on: int, current: int) -> None:
    """Raises the 412 problem where somebody else was faster."""
    if based_on != current:
        raise Problem(
            412, "Somebody changed it in the meantime", "Read it again, then edit.", version=current
        )
