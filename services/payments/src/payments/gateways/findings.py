"""A look-up's findings held against what we asked for."""

from dataclasses import replace

from payments.gateways.base import Expected, Finding, Result, Return

CHARGES = ("sale", "authorization", "capture")


def compare(findings: tuple[Finding, ...], expected: Expected) -> Result:
    """The one result of a look-up for `expected`: needs_review where two charges were approved, or where
    the amount, the currency or our id is another; not_found where there is none. A decline beside an
    approval is an earlier try."""
    charges = [each for each in findings if each.kind in CHARGES]
    took = [each for each in charges if each.result.outcome in ("approved", "review")]
    if len(took) > 1:
        references = ", ".join(str(each.result.gateway_ref) for each in took)
        return replace(
            took[0].result,
            outcome="needs_review",
            gateway_ref=None,
            auth_code=None,
            refs={"charges": references},
        )
    if not charges:
        return Result(outcome="not_found", retry="wait")
    found = took[0] if took else charges[-1]
    return agreed(found.result, found.our_id, expected)


def agreed(result: Result, our_id: str | None, expected: Expected) -> Result:
    """`result`, or needs_review where money moved that is not what was asked for."""
    if result.outcome not in ("approved", "review", "pending", "partially_refunded", "refunded"):
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
