from datetime import UTC, datetime
from typing import Literal

import pytest
from dispatch.outcomes import Judgement, Known, judge
from dispatch.said import Said
from shared.events.dispatch import Address, DispatchContent, Note, WorkOrderLine

ORDER = DispatchContent(
    number="40000001",
    dispatch_type="NORMAL",
    service_address=Address(street="12 N SAMPLE ST", zip="75001"),
    lines=(WorkOrderLine(line_id="1", description="Refrigerator"),),
)
CANCELLATION = DispatchContent(
    number="40000001",
    dispatch_type="Cancelled",
    notes=(Note(kind="message", text="the house is sold"),),
)


MORNING = Said(datetime(2026, 1, 6, 9, tzinfo=UTC))
EVENING = Said(datetime(2026, 1, 6, 19, tzinfo=UTC))


def judged(
    known: Known | None,
    content: DispatchContent,
    repeats: Literal["apply", "reject"] = "apply",
    said: Said = Said(),  # a value
) -> Judgement:
    return judge(known, content, said=said, repeats=repeats, cancel_types=("CANCEL",))


def kinds(judgement: Judgement) -> list[str]:
    return [alert.kind for alert in judgement.alerts]


def test_a_new_number_is_stored_as_sent() -> None:
    assert judged(None, ORDER) == Judgement("processed", content=ORDER)


def test_what_stands_already_is_a_duplicate() -> None:
    known = Known(ORDER, cancelled=False)
    assert judged(known, ORDER) == Judgement(
        "duplicate", "dispatch 40000001 already stands as this mail says"
    )
    assert judged(known, ORDER.model_copy(update={"trade": " "})).outcome == "updated"


def test_a_duplicate_of_what_a_person_decided_otherwise_is_told() -> None:
    cancelled = judged(Known(ORDER, cancelled=False), CANCELLATION)
    assert cancelled.content
    reopened = judged(Known(cancelled.content, cancelled=False), CANCELLATION)
    assert (reopened.outcome, kinds(reopened)) == ("duplicate", ["restated"])
    assert kinds(judged(Known(cancelled.content, cancelled=True), CANCELLATION)) == []
    closed_by_us = judged(Known(ORDER, cancelled=True), ORDER)
    assert (closed_by_us.outcome, kinds(closed_by_us)) == ("duplicate", ["after_cancellation"])
    corrected = ORDER.model_copy(update={"trade": "APL"})
    again = judged(Known(corrected, cancelled=False, as_sent=ORDER), ORDER)
    assert (again.outcome, kinds(again)) == ("duplicate", ["restated"])
    assert again.alerts[0].text == "The partner says again what the office has corrected: trade."


def test_what_is_said_again_after_something_else_is_news() -> None:
    expedited = ORDER.model_copy(update={"priority": "EXPEDITED"})
    back = judged(Known(expedited, cancelled=False, said=MORNING), ORDER, said=EVENING)
    assert (back.outcome, back.content, back.said) == ("updated", ORDER, EVENING)
    assert judged(Known(expedited, cancelled=False), ORDER).outcome == "updated"  # no dates: as they come


def test_what_is_older_than_what_stands_changes_nothing_and_is_told() -> None:
    expedited = ORDER.model_copy(update={"priority": "EXPEDITED"})
    late = judged(Known(expedited, cancelled=False, said=EVENING), ORDER, said=MORNING)
    assert (late.outcome, late.content, late.said) == ("late", None, EVENING)
    assert late.alerts[0].kind == "late"
    assert late.alerts[0].text == (
        "A mail that came late says otherwise of priority. It is of 2026-01-06 09:00:00 UTC, and what "
        "stands is of 2026-01-06 19:00:00 UTC: nothing was changed."
    )
    cancelling = judged(Known(ORDER, cancelled=False, said=EVENING), CANCELLATION, said=MORNING)
    assert (cancelling.outcome, kinds(cancelling)) == ("late", ["late"])
    assert "cancels this dispatch" in cancelling.alerts[0].text


def test_the_same_words_later_are_the_date_of_what_stands() -> None:
    assert judged(Known(ORDER, cancelled=False, said=MORNING), ORDER, said=EVENING).said == EVENING
    assert judged(Known(ORDER, cancelled=False, said=EVENING), ORDER, said=MORNING).said == EVENING


def test_a_cancellation_after_another_word_is_told_again() -> None:
    assert kinds(judged(Known(ORDER, cancelled=True), CANCELLATION)) == ["cancelled"]
    stands = judged(Known(ORDER, cancelled=False), CANCELLATION).content
    assert stands
    more = CANCELLATION.model_copy(update={"notes": (Note(kind="message", text="really"),)})
    found = judged(Known(stands, cancelled=True), more)
    assert (found.outcome, kinds(found)) == ("cancelled", [])
    assert kinds(judged(Known(stands, cancelled=False), more)) == ["cancelled"]


def test_a_reinstated_dispatch_that_the_office_had_edited() -> None:
    corrected = ORDER.model_copy(update={"service_address": Address(street="21 N SAMPLE ST", zip="75001")})
    gone = judged(Known(corrected, cancelled=False, as_sent=ORDER), CANCELLATION)
    assert gone.content
    back = judged(Known(gone.content, cancelled=True, as_sent=gone.as_sent), ORDER)
    assert (back.outcome, back.content, back.as_sent) == ("updated", corrected, ORDER)


def test_a_change_replaces_what_changed_and_tells_a_person() -> None:
    changed = ORDER.model_copy(update={"trade": "APL"})
    found = judged(Known(ORDER, cancelled=False), changed)
    assert (found.outcome, found.content, found.as_sent) == ("updated", changed, None)
    assert found.changes == (("trade", None, "APL"),)
    assert found.alerts[0].text == "The partner changed trade."


def test_a_mailbox_may_reject_repeats() -> None:
    changed = ORDER.model_copy(update={"trade": "APL"})
    found = judged(Known(ORDER, cancelled=False), changed, repeats="reject")
    assert (found.outcome, found.content) == ("unable", None)
    assert "rejects repeats" in (found.reason or "")
    assert found.alerts == (
        ("rejected", "The partner changed trade; this mailbox rejects repeats, so nothing was changed."),
    )
    assert judged(None, ORDER, repeats="reject").outcome == "processed"


def test_what_the_office_corrected_survives_what_the_partner_changed() -> None:
    corrected = ORDER.model_copy(update={"service_address": Address(street="21 N SAMPLE ST", zip="75001")})
    sent_again = ORDER.model_copy(update={"trade": "APL"})
    found = judged(Known(corrected, cancelled=False, as_sent=ORDER), sent_again)
    assert found.content == corrected.model_copy(update={"trade": "APL"})
    assert found.as_sent == sent_again
    assert [change.path for change in found.changes] == ["trade"]
    assert judged(Known(corrected, cancelled=False, as_sent=ORDER), ORDER).outcome == "duplicate"


def test_the_partner_may_confirm_the_offices_correction() -> None:
    corrected = ORDER.model_copy(update={"trade": "APL"})
    found = judged(Known(corrected, cancelled=False, as_sent=ORDER), corrected)
    assert (found.outcome, found.content, found.as_sent) == ("updated", corrected, None)
    assert found.alerts[0].text == "The partner changed what the office had already corrected."


def test_a_bare_cancellation_takes_nothing_away() -> None:
    found = judged(Known(ORDER, cancelled=False), CANCELLATION)
    assert found.outcome == "cancelled"
    assert found.content is not None
    assert found.content.lines == ORDER.lines
    assert [change.path for change in found.changes] == ["dispatch_type", "notes[message]"]
    assert kinds(found) == ["cancelled"]


def test_a_cancellation_of_an_unknown_number_is_unable() -> None:
    found = judged(None, CANCELLATION)
    assert (found.outcome, found.content) == ("unable", None)
    assert "40000001" in (found.reason or "")


def test_an_order_after_the_cancellation_revives_nothing_silently() -> None:
    later = ORDER.model_copy(update={"trade": "APL"})
    found = judged(Known(ORDER, cancelled=True), later)
    assert found.outcome == "updated"
    assert kinds(found) == ["after_cancellation", "updated"]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("DISPATCH CANCELED PER CUSTOMER", ["updated", "cancel_in_note"]),
        ("cancellation requested", ["updated", "cancel_in_note"]),
        ("noise cancelling fan is loud", ["updated", "cancel_in_note"]),
        ("customer asks for Tuesday", ["updated"]),
    ],
)
def test_a_note_that_speaks_of_a_cancellation_asks_a_person(text: str, kind: list[str]) -> None:
    noted = ORDER.model_copy(update={"notes": (Note(kind="message", text=text),)})
    found = judged(Known(ORDER, cancelled=False), noted)
    assert found.outcome == "updated"
    assert kinds(found) == kind
    again = judged(Known(noted, cancelled=False), noted.model_copy(update={"trade": "APL"}))
    assert kinds(again) == ["updated"]
