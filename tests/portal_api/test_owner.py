"""`python -m portal_api admin`: accounts without logging on, for who owns the machine."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from harness import at_work, client
from portal_api.service import service

Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite+aiosqlite:///{tmp_path}/portal-api.db"


@pytest.fixture
def admin(url: str) -> Command:
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "portal_api", "admin", *arguments]
        environment = {**os.environ, "CALLBOARD_DATABASE_URL": url}
        return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)

    return run


def password(printed: str) -> str:
    found = re.search(r"One-time password +(\S+)", printed)
    assert found, printed
    return found[1]


async def test_the_first_administrator_and_the_way_back_in(url: str, admin: Command) -> None:
    async with at_work(service, url) as run:
        first = password(admin("create", "Office@contractor.example").stdout)
        again = admin("create", "office@contractor.example")
        assert (again.returncode, "taken" in again.stderr) == (1, True)
        second = password(admin("reset-password", "office@contractor.example").stdout)
        assert admin("reset-password", "nobody").returncode == 1
        async with client(run) as http:
            http.headers["X-Requested-With"] = "test"
            for given, status in ((first, 401), (second, 200)):
                body = {"user_name": "office@contractor.example", "password": given}
                answer = await http.post("/v1/session", json=body)
                assert answer.status_code == status, answer.text
            assert answer.json()["must_change"]
            assert answer.json()["role"] == "office.admin"
