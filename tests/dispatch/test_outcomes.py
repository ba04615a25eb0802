import pytest
from dispatch.outcomes import Judgement, Known, judge
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


def judged(
    known: Known | None, content: DispatchContent, seen: bool = False, repeats: str = "apply"
) -> Judgement:
    return judge(known, content, seen=seen, repeats=repeats, cancel_types=("CANCEL",))  # pyright: ignore[reportArgumentType]


def kinds(judgement: Judgement) -> list[str]:
    return [alert.kind for alert in judgement.alerts]


def test_a_new_number_is_stored_as_sent() -> None:
    assert judged(None, ORDER) == Judgement("processed", content=ORDER)


def test_nothing_changed_is_a_duplicate_even_under_a_new_key() -> None:
    known = Known(ORDER, cancelled=False)
    assert judged(known, ORDER).outcome == "duplicate"
    assert judged(known, ORDER.model_copy(update={"trade": "APL"}), seen=True).outcome == "duplicate"


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
