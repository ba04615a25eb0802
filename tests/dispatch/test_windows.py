from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from dispatch.windows import instant, on_the_clock, partner_instant, spoken, window, zone_of
from hypothesis import given
from hypothesis import strategies as st

ZONES = ["America/Chicago", "America/Phoenix", "America/St_Johns", "Pacific/Honolulu", "Europe/Berlin"]
clock = datetime.fromisoformat
zones = st.sampled_from(ZONES)
moments = st.datetimes(clock("2020-01-01T00:00"), clock("2035-01-01T00:00"))


@given(moments, zones)
def test_a_time_on_the_clock_comes_back_or_is_refused(moment: datetime, zone: str) -> None:
    try:
        found = instant(moment, zone)
    except ValueError:
        day = moment.replace(tzinfo=ZoneInfo(zone))
        assert day.utcoffset() != (day + timedelta(hours=3)).utcoffset()
    else:
        assert found.tzinfo is UTC
        assert found.astimezone(ZoneInfo(zone)).replace(tzinfo=None, fold=0) == moment.replace(fold=0)


@given(moments, zones)
def test_a_partners_time_is_always_read(moment: datetime, zone: str) -> None:
    found = partner_instant(moment.isoformat(timespec="seconds"), zone)
    assert found is not None
    shown = datetime.fromisoformat(on_the_clock(found, zone))
    assert abs(shown - moment) <= timedelta(hours=1)


@given(moments, st.integers(1, 24 * 60), zones)
def test_a_window_keeps_its_length(moment: datetime, minutes: int, zone: str) -> None:
    start = moment.replace(tzinfo=UTC)
    found = window(start, start + timedelta(minutes=minutes), zone)
    assert found.end - found.start == timedelta(minutes=minutes)


def test_the_hour_that_comes_twice_is_its_first() -> None:
    assert instant(clock("2026-11-01T01:30"), "America/Chicago") == datetime(2026, 11, 1, 6, 30, tzinfo=UTC)


def test_the_hour_that_is_skipped_is_refused_by_name() -> None:
    skipped = clock("2026-03-08T02:30")
    with pytest.raises(ValueError, match=r"02:30 does not exist on 2026-03-08 in America/Chicago"):
        instant(skipped, "America/Chicago")
    assert partner_instant("2026-03-08T02:30:00", "America/Chicago") == datetime(
        2026, 3, 8, 8, 30, tzinfo=UTC
    )


def test_a_window_over_the_change_of_clocks() -> None:
    found = window(clock("2026-03-08T00:00"), clock("2026-03-08T04:00"), "America/Chicago")
    assert found.end - found.start == timedelta(hours=3)
    assert spoken(found, "America/Chicago") == "Sun 8 Mar 2026, 00:00-04:00 CDT"


def test_a_window_into_the_next_day_names_it() -> None:
    found = window(clock("2026-07-04T22:00"), clock("2026-07-05T02:00"), "America/Chicago")
    assert spoken(found, "America/Chicago") == "Sat 4 Jul 2026, 22:00-Sun 5 Jul 02:00 CDT"


@pytest.mark.parametrize(
    ("hours", "said"), [(0, "end after it starts"), (-1, "end after it starts"), (25, "at most 24 hours")]
)
def test_impossible_windows(hours: int, said: str) -> None:
    start = datetime(2026, 7, 4, 8, tzinfo=UTC)
    with pytest.raises(ValueError, match=said):
        window(start, start + timedelta(hours=hours), "America/Chicago")


@pytest.mark.parametrize("name", ["", "Chicago", "../etc/passwd", "/etc/localtime", "America/\0"])
def test_what_is_no_zone(name: str) -> None:
    with pytest.raises(ValueError, match="no IANA time zone"):
        zone_of(name)


@pytest.mark.parametrize("text", [None, "", "soon", "2026-13-01T00:00:00"])
def test_a_partners_time_that_is_none(text: str | None) -> None:
    assert partner_instant(text, "America/Chicago") is None
