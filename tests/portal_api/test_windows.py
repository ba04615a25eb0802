"""Windows on the location's clock, across the days on which the clocks change."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st
from portal_api.windows import QUARTER, Calendar, Window, quarters, spoken
from shared.events.portal import TimeWindow

CHICAGO = "America/Chicago"
DAY = (TimeWindow(start="08:00", end="12:00"), TimeWindow(start="12:00", end="17:00"))
WEEK = Calendar(CHICAGO, DAY, (0, 1, 2, 3, 4))


def at(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # pyright: ignore[reportArgumentType]


def test_the_clock_is_that_of_the_location() -> None:
    """2026: the clocks go forward on Sunday 8 March."""
    friday = [Window(at(2026, 3, 6, 14), at(2026, 3, 6, 18)), Window(at(2026, 3, 6, 18), at(2026, 3, 6, 23))]
    assert WEEK.on(date(2026, 3, 6)) == friday
    assert WEEK.on(date(2026, 3, 7)) == []
    monday = WEEK.on(date(2026, 3, 9))
    assert [each.start for each in monday] == [at(2026, 3, 9, 13), at(2026, 3, 9, 17)]


def test_an_hour_that_is_skipped_or_comes_twice() -> None:
    nights = (TimeWindow(start="02:30", end="04:00"), TimeWindow(start="01:00", end="02:00"))
    every_day = Calendar(CHICAGO, nights, range(7))
    assert every_day.on(date(2026, 3, 8)) == []  # 02:30 is skipped, and so is 02:00, at which the other ends
    assert every_day.on(date(2026, 11, 1)) == [
        Window(at(2026, 11, 1, 6), at(2026, 11, 1, 8)),
        Window(at(2026, 11, 1, 8, 30), at(2026, 11, 1, 10)),
    ]


def test_what_is_past_or_taken_is_not_free() -> None:
    now = at(2026, 3, 6, 14)  # the first window begins this instant
    assert [each.start for each in WEEK.free((), now=now, days=4)] == [
        at(2026, 3, 6, 18),
        at(2026, 3, 9, 13),
        at(2026, 3, 9, 17),
    ]
    touching = Window(at(2026, 3, 9, 12), at(2026, 3, 9, 13))
    inside = Window(at(2026, 3, 9, 18), at(2026, 3, 9, 18, 15))
    free = WEEK.free((touching, inside), now=now, days=4)
    assert [each.start for each in free] == [at(2026, 3, 6, 18), at(2026, 3, 9, 13)]


def test_today_is_a_day_of_the_location() -> None:
    """It is Monday in London and still Sunday in Chicago."""
    assert WEEK.free((), now=at(2026, 3, 2, 3), days=1) == []
    assert len(WEEK.free((), now=at(2026, 3, 2, 3), days=2)) == 2


def test_only_a_windows_own_beginning_is_one() -> None:
    window = WEEK.on(date(2026, 3, 6))[0]
    assert WEEK.window_at(window.start) == window
    assert WEEK.window_at(window.start + timedelta(minutes=1)) is None
    assert WEEK.window_at(at(2026, 3, 7, 14)) is None


minutes = st.integers(0, 3000)


@given(minutes, st.integers(1, 600), minutes, st.integers(1, 600))
def test_windows_that_overlap_share_a_quarter_hour(one: int, long: int, other: int, wide: int) -> None:
    begin = at(2026, 3, 6)
    a, b = (
        Window(begin + timedelta(minutes=start), begin + timedelta(minutes=start + length))
        for start, length in ((one, long), (other, wide))
    )
    for window in (a, b):
        covered = list(quarters(window))
        assert covered[0] <= window.start
        assert covered[-1] < window.end <= covered[-1] + QUARTER
        assert all(later - earlier == QUARTER for earlier, later in pairwise(covered))
    if a.overlaps(b):
        assert set(quarters(a)) & set(quarters(b))


def test_it_is_said_as_people_say_it() -> None:
    window = Window(at(2026, 3, 6, 14), at(2026, 3, 6, 18))
    assert spoken(window, CHICAGO) == "Friday, March 6, 2026, 8:00 AM – 12:00 PM CST"
