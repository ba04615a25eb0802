"""Which passwords are accepted."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from portal_api.passwords import (
    LONGEST,
    SHORTEST,
    hash_password,
    one_time_password,
    verify_password,
    weakness,
)

NAMES = ["anna@contractor.example", "Sample Home Services"]


@pytest.mark.parametrize(
    ("password", "says"),
    [
        ("eleven char", "at least 12"),
        ("x" * 100 + "y" * 157, "at most 256"),
        ("aaaaaaaaaaaaaaaa", "different characters"),
        ("password123456", "tried first"),
        ("1qaz2wsx3edc4rfv", "tried first"),
        ("!!Letmein2024!!", "tried first"),
        ("anna@contractor.example", "name that others know"),
        ("contractor-2024", "name that others know"),
        ("SampleHomeServices1", "name that others know"),
    ],
)
def test_weak_ones_are_refused_with_the_reason(password: str, says: str) -> None:
    assert says in (weakness(password, NAMES) or "accepted")


@pytest.mark.parametrize(
    "password", ["seven green bicycles", "зелёные велосипеды", "tqzxwvkjhgfd", "a1b2 c3d4 e5f6"]
)
def test_no_kinds_of_characters_are_asked_for(password: str) -> None:
    assert weakness(password, NAMES) is None


@given(st.text())
def test_any_text_has_an_answer(password: str) -> None:
    if weakness(password, NAMES) is None:
        assert SHORTEST <= len(unicodedata.normalize("NFKC", password)) <= LONGEST


def test_one_time_passwords_are_strong_and_differ() -> None:
    made = {one_time_password() for _ in range(200)}
    assert len(made) == 200
    assert all(weakness(each, NAMES) is None for each in made)


async def test_the_same_letters_from_another_keyboard() -> None:
    hashed = await hash_password("Über den Fluß 12", memory_kib=8, time=1)
    right, _ = await verify_password("U\u0308ber den Fluß 12", hashed, memory_kib=8, time=1)
    assert right
    assert not (await verify_password("Uber den Fluß 12", hashed, memory_kib=8, time=1))[0]
    assert not (await verify_password("anything", None, memory_kib=8, time=1))[0]
