"""The rule for payments whose address or security code check failed."""

from typing import Literal

from payments.gateways.base import Avs, Cvv

Policy = Literal["off", "record", "review", "void"]
_RANK: tuple[Policy, ...] = ("off", "record", "review", "void")


def policy(*, avs: Avs | None, cvv: Cvv | None, avs_policy: Policy, cvv_policy: Policy) -> Policy:
    """What is to be done with an approved payment: the strictest that a failed check asks for. What the
    gateway did not check has not failed."""
    asked: list[Policy] = ["off"]
    if avs == "no_match":
        asked.append(avs_policy)
    if cvv == "no_match":
        asked.append(cvv_policy)
    return max(asked, key=_RANK.index)
