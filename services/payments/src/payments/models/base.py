"""The registry of this service's tables. Amounts are integers in minor units of their row's currency."""

from typing import Any

from shared.columns import must
from shared.tables import new_base
from sqlalchemy import BigInteger, Column, String

Base = new_base()


def money(name: str) -> Column[Any]:
    return must(name, BigInteger)


def currency() -> Column[Any]:
    return must("currency", String(3))
