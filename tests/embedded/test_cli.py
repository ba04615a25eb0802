"""The command itself."""

import jwt
import pytest
from embedded_tests import callboard

COMMANDS = ("run", "demo", "parse", "import", "doctor", "reconcile", "token", "contracts")


def test_help_names_every_command() -> None:
    answer = callboard("--help")
    assert answer.returncode == 0
    for command in COMMANDS:
        assert command in answer.stdout


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_explains_itself(command: str) -> None:
    answer = callboard(command, "--help")
    assert answer.returncode == 0
    assert "Usage: callboard" in answer.stdout


def test_a_token_carries_its_roles() -> None:
    answer = callboard("token", "--role", "technician", "--role", "office.dispatcher", "--subject", "ann")
    claims = jwt.decode(answer.stdout.strip(), options={"verify_signature": False})
    assert claims["sub"] == "ann"
    assert claims["roles"] == ["office.dispatcher", "technician"]
    assert callboard("token", "--role", "king").returncode == 2
