"""The office's status codes in words that a customer understands. A code that the office made itself is
shown as it is."""

WORDS = {
    "Requested": "We have your request",
    "Pending": "We have it and will arrange a visit",
    "Call Again": "We tried to reach you",
    "Scheduled": "Your visit is arranged",
    "Traveling": "Your technician is on the way",
    "Arrived": "Your technician has arrived",
    "Working": "We are working on it",
    "Back Order": "We are waiting for parts",
    "Replacing": "It must be replaced",
    "Reschedule": "We missed you: choose another time",
    "Denial": "It may not be covered; we will call you",
    "Off Job": "It is on hold",
    "Complete": "Done",
    "Cancelled": "Cancelled",
}


def in_words(status: str | None) -> str:
    return WORDS.get(status or "Requested", status or "")
