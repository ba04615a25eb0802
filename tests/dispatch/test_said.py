"""Which of two mails was written first."""

from datetime import UTC, datetime, timedelta

import pytest
from dispatch.said import Said, is_older, later, said_at
from hypothesis import given
from hypothesis import strategies as st

NOON = datetime(2026, 1, 6, 12, tzinfo=UTC)
MORNING, EVENING = NOON - timedelta(hours=3), NOON + timedelta(hours=7)


@pytest.mark.parametrize(
    ("one", "other", "older"),
    [
        (Said(MORNING), Said(EVENING), True),
        (Said(EVENING), Said(MORNING), False),
        (Said(MORNING), Said(MORNING), False),
        (Said(MORNING, "2026-01-05T08:00:00"), Said(EVENING, "2026-01-05T08:00:00"), True),
        (Said(EVENING, "2026-01-05T08:00:00"), Said(MORNING, "2026-01-05T09:00:00"), False),
        (Said(MORNING, "2026-01-05T09:00:00"), Said(EVENING, "2026-01-05T08:00:00"), False),
        (Said(None, "2026-01-05T08:00:00"), Said(None, "2026-01-05T09:00:00"), True),
        (Said(NOON, "2026-01-05T08:00:00"), Said(NOON, "2026-01-05T09:00:00"), True),
        (Said(None, "2026-01-05T08:00:00"), Said(NOON, "2026-01-05T09:00:00"), True),
        (Said(None, "2026-01-05"), Said(None, "2026-01-05T09:00:00"), False),
        (Said(None, "2026-01-04"), Said(None, "2026-01-05T09:00:00"), True),
        (Said(None, "2026-01-05T08:00:00Z"), Said(None, "2026-01-05T09:00:00"), False),
        (Said(None, "2026-01-05T08:00:00Z"), Said(None, "2026-01-05T08:00:00-06:00"), True),
        (Said(None, "yesterday"), Said(None, "2026-01-05T09:00:00"), False),
        (Said(MORNING), Said(), False),
        (Said(), Said(EVENING), False),
    ],
)
def test_the_mails_date_decides_and_the_documents_where_it_cannot(
    one: Said, other: Said, older: bool
) -> None:
    assert is_older(one, other) is older


_said = st.builds(
    Said,
    st.none() | st.sampled_from([MORNING, NOON, EVENING]),
    st.none() | st.sampled_from(["2026-01-05", "2026-01-05T08:00:00", "2026-01-05T09:00:00Z", "soon"]),
)


@given(_said, _said)
def test_never_both(one: Said, other: Said) -> None:
    assert not (is_older(one, other) and is_older(other, one))
    assert not is_older(later(one, other), one)
    assert later(Said(None, one.dated), one) == one


def test_a_clock_that_is_ahead_is_not_believed() -> None:
    assert said_at(datetime(2099, 1, 1, tzinfo=UTC), NOON) == NOON
    assert said_at(MORNING, NOON) == MORNING
    assert said_at(None, NOON) is None
