"""`callboard demo`: every bundled mail becomes what it should, and the demo sees where one does not."""

from collections import Counter
from typing import Any

import pytest
from embedded import samples
from embedded.demo import _line
from embedded_tests import callboard

RIGHT = {"outcome": "processed", "number": "4388309", "forward": "sent", "reason": None, "state": "settled"}


def test_everything_is_as_expected() -> None:
    answer = callboard("demo")
    assert answer.returncode == 0, answer.stdout + answer.stderr
    lines = answer.stdout.splitlines()
    assert len([line for line in lines if line.endswith(" ok")]) == 48
    assert "WRONG" not in answer.stdout
    (money,) = [line for line in lines if line.startswith("Money: INV-")]
    taken = money.rpartition(" ")[2]
    assert float(taken) > 0
    assert f" of {taken} USD: paid" in money
    assert "Everything is as it should be." in answer.stdout
    assert answer.stderr == ""


@pytest.mark.parametrize(
    ("mail", "numbers", "told", "problem"),
    [
        ({"outcome": "unable"}, 1, 1, "not allowed"),
        ({"forward": "waiting"}, 1, 1, "not forwarded"),
        ({"forward": None}, 1, 1, "not forwarded"),
        ({"number": "1"}, 1, 1, "not of dispatch 4388309"),
        ({}, 2, 1, "not one dispatch"),
        ({}, 1, 0, "partner was not told"),
        ({}, 1, 2, "partner was not told once"),
    ],
)
def test_a_fault_is_seen(mail: dict[str, Any], numbers: int, told: int, problem: str) -> None:
    answer = samples.answers()[0]
    log = {answer["sha256"]: [{**RIGHT, **mail}]}
    line = _line(answer, log, Counter({"4388309": numbers}), Counter({"4388309": told}))
    assert any(problem in each for each in line.problems), line.problems


def test_nothing_is_seen_where_all_is_right() -> None:
    answer = samples.answers()[0]
    numbers = Counter({"4388309": 1})
    assert _line(answer, {answer["sha256"]: [dict(RIGHT)]}, numbers, numbers).problems == []


def test_a_lost_mail_is_seen() -> None:
    assert _line(samples.answers()[0], {}, Counter(), Counter()).problems
