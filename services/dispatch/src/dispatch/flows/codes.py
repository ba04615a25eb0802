"""Office codes, and each partner's association of them with its own."""

from typing import Any

from shared.db import insert_ignore
from shared.etag import check_version
from shared.events.status_code import StatusCodeChanged
from shared.problems import Problem, conflict
from shared.work import Work
from sqlalchemy import select, update

from dispatch.models import dispatch, status_association, status_code
from dispatch.queries import Association, associations, one
from dispatch.status import StatusMap


async def add_code(work: Work[Any], *, values: dict[str, Any], who: str) -> None:
    statement = insert_ignore(work.session, status_code, ["code"], returning=["code"])
    if (await work.session.execute(statement, [{"version": 1, **values}])).first() is None:
        raise conflict("This status code exists", "Edit it, or choose another one.")
    _tell(work, version=1, **values)
    work.audit(who=who, action="status_code.added", subject=values["code"], after=values)


async def edit_code(work: Work[Any], *, code: str, based_on: int, values: dict[str, Any], who: str) -> None:
    """Raises a 409 problem for retiring a code that the service itself sets."""
    lock = select(status_code.c.code).where(status_code.c.code == code).with_for_update()
    await work.session.execute(lock)
    before = await one(work.session, status_code, code, "status code")
    check_version(based_on, before["version"])
    settings = work.settings
    if values["retired"] and code in (
        settings.initial_status,
        settings.cancelled_status,
        settings.scheduled_status,
    ):
        raise conflict("This status code is set by the system", "It cannot be retired; edit its description.")
    this = update(status_code).where(status_code.c.code == code)
    await work.session.execute(this.values(**values, version=based_on + 1))
    if values["closes"] != before["closes"]:
        having = update(dispatch).where(dispatch.c.status == code)
        await work.session.execute(having.values(closed=values["closes"]))
    _tell(work, code=code, version=based_on + 1, **values)
    shown = {name: before[name] for name in values}
    work.audit(who=who, action="status_code.edited", subject=code, before=shown, after=values)


def _tell(work: Work[Any], **row: Any) -> None:
    event = StatusCodeChanged(**{name: row[name] for name in StatusCodeChanged.model_fields})
    work.emit(event, event.code)


async def associate(
    work: Work[Any], *, partner: str, based_on: int, new: StatusMap, note: str | None, who: str
) -> None:
    """The next version of a partner's association; `based_on` 0 makes the first. Older versions stay, and
    what is queued goes as it was chosen. Raises a 422 problem for pairs whose office code is unknown or
    retired."""
    current = (await associations(work.session, [partner])).get(partner)
    check_version(based_on, current.version if current else 0)
    used = select(status_code.c.code).where(~status_code.c.retired)
    unknown = sorted(new.pairs.keys() - set((await work.session.execute(used)).scalars()))
    if unknown:
        raise Problem(422, "Pairs name office codes that are not in use", ", ".join(unknown))
    row = {"partner": partner, "version": based_on + 1, "association": new, "at": work.now, "by": who}
    statement = insert_ignore(work.session, status_association, ["partner", "version"], returning=["version"])
    if (await work.session.execute(statement, [{**row, "note": note}])).first() is None:
        check_version(based_on, based_on + 1)
    _audit(work, partner, current, new, who)


def _audit(work: Work[Any], partner: str, old: Association | None, new: StatusMap, who: str) -> None:
    before = old.map.pairs if old else None
    work.audit(who=who, action="association.changed", subject=partner, before=before, after=new.pairs)
