"""What a look-up found, held against what we asked for: a charge (`compare`), or a capture, void or refund of
one (`meant`). Absence needs proof: only a look-up that is complete can say that there is none."""

from dataclasses import replace

from payments.gateways.base import Expected, Result, Return
from payments.gateways.found import Finding, Findings

TOOK = ("sale", "capture")
UNREAD = Result(outcome="unknown", kind="unreadable", retry="lookup")
ABSENT = Result(outcome="not_found", retry="wait")


def approved(found: Findings, expected: Expected) -> list[Result]:
    """Every charge of ours that the gateway took and that was not taken back whole: one, unless it charged
    more than once."""
    charges = [row for row in _charges(found) if row.our_id in (None, expected.our_id)]
    took = [row for row in charges if row.result.outcome == "approved"]
    left = [row for row in took if not _voided(row, found, alone=len(took) == 1)]
    return [_captured(row, found) for row in left]


def compare(found: Findings, expected: Expected) -> Result:
    """The one result of a look-up for the charge `expected`: needs_review where two charges were approved, or
    where the amount, the currency or our id is another; voided where it was taken back whole. A decline
    beside an approval is an earlier try. A hold that was captured has the hold's reference and the capture's
    amount."""
    charges = [row for row in _charges(found) if not _foreign(row, expected)]
    took = [row for row in charges if row.result.outcome == "approved"]
    left = [row for row in took if not _voided(row, found, alone=len(took) == 1)]
    if len(left) > 1:
        references = ", ".join(str(row.result.gateway_ref) for row in left)
        disagree = replace(left[0].result, outcome="needs_review", gateway_ref=None, auth_code=None)
        return replace(disagree, refs={"charges": references})
    if not found.complete or any(
        row.kind == "void" and row.result.outcome == "unknown" for row in found.rows
    ):
        return UNREAD
    if took and not left:
        return replace(took[0].result, outcome="voided", captured=None)
    if not charges:
        return ABSENT
    row = left[0] if left else max(charges, key=lambda each: _WEIGHT.get(each.result.outcome, 0))
    return agreed(_captured(row, found), row.our_id, expected)


_WEIGHT = {"unknown": 3, "pending": 2, "requires_action": 1}
"""Of tries that were not approved, the one that may still be."""


def _charges(found: Findings) -> list[Finding]:
    """Sales and holds, and captures whose hold is not among them."""
    begun = [row for row in found.rows if row.kind in ("sale", "hold")]
    holds = [row.result.gateway_ref for row in begun if row.kind == "hold"]
    loose = [row for row in found.rows if row.kind == "capture" and not (holds and row.of in (None, *holds))]
    return [*begun, *loose]


def _foreign(row: Finding, expected: Expected) -> bool:
    """A try of the payer that failed, under an id that is not ours, is nobody's. An approval counts, and
    `agreed` says that its id is another."""
    theirs = row.our_id is not None and row.our_id != expected.our_id
    return theirs and row.result.outcome != "approved"


def _voided(charge: Finding, found: Findings, *, alone: bool) -> bool:
    """A void that names no charge belongs to the only one."""
    ref = charge.result.gateway_ref
    voids = [row for row in found.rows if _of(row, ref, "void") and (alone or row.of is not None)]
    return bool(voids) and not any(_of(row, ref, "capture") for row in found.rows)


def _of(row: Finding, charge_ref: str | None, kind: str) -> bool:
    """Whether `row` is a `kind` that was done to the charge, or names none."""
    return row.kind == kind and row.result.outcome == "approved" and row.of in (None, charge_ref)


def _captured(charge: Finding, found: Findings) -> Result:
    if charge.kind != "hold" or charge.result.outcome != "approved":
        return charge.result
    ref = charge.result.gateway_ref
    taken = next((row.result for row in found.rows if _of(row, ref, "capture")), None)
    if taken is None:
        return replace(charge.result, captured=False)
    refs = {**charge.result.refs, **({"capture": taken.gateway_ref} if taken.gateway_ref else {})}
    amount, currency = taken.amount or charge.result.amount, taken.currency or charge.result.currency
    return replace(charge.result, captured=True, amount=amount, currency=currency, refs=refs)


def meant(found: Findings, expected: Expected) -> Result:
    """What became of the capture, void or refund `expected`. There is one capture and one void of a charge,
    whatever the gateway calls its row: money that was taken on a hold of ours is its capture. Of several
    refunds ours is known by its reference or our id; one that names neither might be ours, and then nobody
    can say that there is none."""
    ref = expected.charge_ref
    if expected.kind == "capture":
        rows = [row for row in found.rows if row.kind in TOOK and _within(row, ref)]
    else:
        rows = [row for row in found.rows if row.kind == expected.kind and row.of in (None, ref)]
    if expected.kind == "refund":
        nameless = [row for row in rows if row.our_id is None and expected.gateway_ref is None]
        rows = [row for row in rows if _is(row, expected)]
        if not rows and any(row.result.amount in (None, expected.amount) for row in nameless):
            return UNREAD
    done = next((row for row in rows if row.result.outcome in ("approved", "pending")), None)
    if done or rows:
        return (done or rows[-1]).result
    return ABSENT if found.complete else UNREAD


def _is(row: Finding, expected: Expected) -> bool:
    if expected.gateway_ref is not None and row.result.gateway_ref == expected.gateway_ref:
        return True
    return row.our_id == expected.our_id


def _within(row: Finding, charge_ref: str | None) -> bool:
    """A capture of the charge, or the charge itself where it is shown as taken."""
    if row.kind == "capture":
        return row.of in (None, charge_ref)
    return row.result.captured is not False and row.result.gateway_ref == charge_ref


def agreed(result: Result, our_id: str | None, expected: Expected) -> Result:
    """`result`, or needs_review where money moved that is not what was asked for."""
    if result.outcome not in ("approved", "pending"):
        return result
    wrong = [
        name
        for name, theirs, ours in (
            ("amount", result.amount, expected.amount),
            ("currency", result.currency, expected.currency),
            ("our id", our_id, expected.our_id),
        )
        if theirs is not None and theirs != ours
    ]
    if not wrong:
        return result
    return replace(result, outcome="needs_review", refs={**result.refs, "differs": ", ".join(wrong)})


def after_return(returned: Return, result: Result) -> Result:
    """What a return and the look-up after it (`complete`) say together: the gateway's word counts, never the
    browser's. Where the gateway knows nothing yet, a payer who says that he paid is waited for."""
    if not returned.verified:
        return Result(outcome="rejected")
    if result.outcome != "not_found":
        return result
    return Result(outcome="canceled") if returned.canceled else Result(outcome="pending", retry="wait")
