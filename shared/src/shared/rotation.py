"""`rotate-key`: what an older key sealed is sealed anew with the key of today."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import Column, select, tuple_, update

from shared.secrets import SecretUnreadable, is_current, seal, unseal

if TYPE_CHECKING:
    from shared.service import Running
    from shared.work import Work

BATCH = 100


@dataclass(frozen=True)
class Sealed:
    """A column whose values are sealed, each at the place that `place` makes of its row."""

    column: Column[Any]
    place: Callable[[Any], str]


class Rotated(NamedTuple):
    """`unreadable` are the places of what no key of this deployment opens."""

    anew: int
    unreadable: Sequence[str]


async def rotate(running: "Running[Any]") -> Rotated:
    """In small transactions, so that it can run beside everything else, be cut off and be run again. What
    changes meanwhile was sealed with the key of today by whoever changed it."""
    count, unreadable = 0, list[str]()
    for sealed in running.service.sealed:
        last: tuple[Any, ...] | None = None
        while True:
            async with running.work() as work:
                rows = await _batch(work, sealed, last)
                for row in rows:
                    place = sealed.place(row)
                    try:
                        count += await _again(work, sealed, row, place)
                    except SecretUnreadable:
                        unreadable.append(place)
            if len(rows) < BATCH:
                break
            last = tuple(getattr(rows[-1], key.name) for key in _key(sealed))
    if count and running.service.rotated is not None:
        async with running.work() as work:
            await running.service.rotated(work)
    return Rotated(count, unreadable)


async def _batch(work: "Work[Any]", sealed: Sealed, last: tuple[Any, ...] | None) -> Sequence[Any]:
    key = _key(sealed)
    query = select(sealed.column.table).where(sealed.column.is_not(None), sealed.column != "")
    if last is not None:
        query = query.where(tuple_(*key) > tuple_(*last))
    return (await work.session.execute(query.order_by(*key).limit(BATCH))).all()


async def _again(work: "Work[Any]", sealed: Sealed, row: Any, place: str) -> int:
    held = getattr(row, sealed.column.name)
    if is_current(work.settings, held):
        return 0
    anew = seal(work.settings, unseal(work.settings, held, place), place)
    table = sealed.column.table
    this = [key == getattr(row, key.name) for key in _key(sealed)]
    statement = update(table).where(*this, sealed.column == held).values({sealed.column.name: anew})
    return (await work.session.execute(statement)).rowcount  # pyright: ignore[reportAttributeAccessIssue]


def _key(sealed: Sealed) -> list[Column[Any]]:
    return list(sealed.column.table.primary_key.columns)
