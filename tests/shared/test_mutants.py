"""The tool that plants mistakes: it plants them, and they are found or not by what the tests do."""

import sys
from pathlib import Path
from types import ModuleType

import pytest

sys.path.insert(0, str(Path(__file__).parents[2]))

from mutants.changes import mutants
from mutants.swap import swap

CODE = """
LIMIT = 2
KINDS = {"sale": "taken"}
class Book:
    most = 10
    def room(self, n):
        return n < self.most
def pay(amount, *, of=1):
    if amount > LIMIT and of:
        note(amount, of)
    return KINDS.get("sale")
def note(a, b):
    SEEN.append(a - b)
SEEN = []
"""


def test_each_kind_of_mistake_is_planted() -> None:
    planted = {each.diff.splitlines()[-1].strip("+ ") for each in mutants(CODE)}
    for mistake in (
        "LIMIT = 3",
        'KINDS = {"sale": "takenXX"}',
        "return n <= self.most",
        "if amount >= LIMIT and of:",
        "if amount > LIMIT or of:",
        "if not (amount > LIMIT and of):",
        "note(of, amount)",
        "note(amount, )",
        "pass",
        "SEEN.append(a + b)",
        "most = 11",
    ):
        assert mistake in planted


def test_a_text_for_people_is_left_alone() -> None:
    assert not [each for each in mutants('def f(): g("Pay less.")') if "Pay lessXX" in each.code]


@pytest.mark.parametrize(
    ("old", "new", "answer"),
    [
        ("amount > LIMIT", "amount > 5", ("taken", [], True)),
        ('"taken"', '"other"', ("other", [2], True)),
        ("LIMIT = 2", "LIMIT = 3", ("taken", [], True)),
        ("a - b", "a + b", ("taken", [4], True)),
        ("n < self.most", "n > self.most", ("taken", [2], False)),
        ("most = 10", "most = 4", ("taken", [2], False)),
    ],
)
def test_code_is_exchanged_under_those_who_hold_it(old: str, new: str, answer: tuple[object, ...]) -> None:
    module, user = ModuleType("swapped"), ModuleType("swapped_user")
    exec(CODE, vars(module))
    for name in ("pay", "Book"):
        vars(user)[name] = vars(module)[name]
        vars(module)[name].__module__ = "swapped"
    seen, book = vars(module)["SEEN"], vars(module)["Book"]()
    sys.modules |= {"swapped": module, "swapped_user": user}
    try:
        swap(module, compile(CODE.replace(old, new), "swapped", "exec"), ("swapped", "swapped_user"))
    finally:
        del sys.modules["swapped"], sys.modules["swapped_user"]
    said = vars(user)["pay"](3)
    assert (said, vars(module)["SEEN"], book.room(5)) == answer
    assert not seen
