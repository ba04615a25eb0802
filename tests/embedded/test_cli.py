"""The command itself."""

from pathlib import Path

import jwt
import pytest
from embedded_tests import callboard

COMMANDS = ("run", "demo", "parse", "import", "doctor", "reconcile", "token", "admin", "contracts")


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


def test_a_token_carries_its_roles(copied: Path) -> None:
    roles = ("--role", "technician", "--role", "office.dispatcher")
    answer = callboard("token", *roles, "--subject", "ann", "--data", copied)
    claims = jwt.decode(answer.stdout.strip(), options={"verify_signature": False})
    assert claims["sub"] == "ann"
    assert claims["roles"] == ["office.dispatcher", "technician"]
    assert claims["exp"] - claims["iat"] == 900
    assert callboard("token", "--role", "king").returncode == 2


@pytest.mark.parametrize("command", [("token",), ("admin", "create", "ann")])
def test_where_there_is_no_callboard_nothing_is_made(tmp_path: Path, command: tuple[str, ...]) -> None:
    answer = callboard(*command, "--data", tmp_path / "none")
    assert (answer.returncode, "--data" in answer.stderr) == (2, True)
    assert not (tmp_path / "none").exists()
