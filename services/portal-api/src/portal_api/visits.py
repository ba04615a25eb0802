"""A visit as a calendar entry (RFC 5545, sent as RFC 5546 says). Knows neither database nor web."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from portal_api.letter import Attachment
from portal_api.windows import Window


def calendar_entry(
    method: Literal["REQUEST", "CANCEL"],
    *,
    appointment_id: UUID,
    sequence: int,
    window: Window,
    summary: str,
    place: str,
    organizer: str,
    attendee: str,
    now: datetime,
) -> Attachment:
    """The same UID for one appointment for ever; `sequence` grows with each change of it, so that calendars
    move the entry, or take it away, instead of adding another."""
    from icalendar import Calendar, Event, vCalAddress  # a thirtieth of the start, and reminders come later

    entry = Event()
    entry.add("uid", f"{appointment_id}@callboard")
    entry.add("sequence", sequence)
    entry.add("dtstamp", now)
    entry.add("dtstart", window.start)
    entry.add("dtend", window.end)
    entry.add("summary", summary)
    if place:
        entry.add("location", place)
    entry.add("status", "CANCELLED" if method == "CANCEL" else "CONFIRMED")
    entry.add("organizer", vCalAddress(f"mailto:{organizer}"))
    guest = vCalAddress(f"mailto:{attendee}")
    guest.params["RSVP"] = "FALSE"
    entry.add("attendee", guest)
    whole = Calendar()
    whole.add("version", "2.0")
    whole.add("prodid", "-//Callboard//portal//EN")
    whole.add("method", method)
    whole.add_component(entry)
    return Attachment("appointment.ics", "text/calendar", whole.to_ical(), {"method": method})
