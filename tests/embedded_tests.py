"""A Callboard as people start it: a process of its own, on a folder of its own."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

import httpx
from embedded import owner
from shared.auth import ADMIN

CALLBOARD = Path(sys.executable).with_name("callboard")
MAILS = Path(__file__).parent / "mail_ingest" / "mails"
READY_SECONDS = 60


@dataclass
class Callboard:
    """One that runs. `said` is what it printed until it was ready."""

    process: subprocess.Popen[str]
    data: Path
    url: str
    said: str
    http: httpx.Client

    def read(self, path: str, **query: Any) -> Any:
        return self.http.get(path, params=query).raise_for_status().json()

    def until(self, state: Any, seconds: float = 60) -> Any:
        """Waits until `state()` is true."""
        deadline = time.monotonic() + seconds
        while not (found := state()):
            assert time.monotonic() < deadline, f"not within {seconds} s; last: {found!r}"
            assert self.process.poll() is None, "it ended by itself"
            time.sleep(0.1)
        return found

    def until_quiet(self, mails: int) -> None:
        """Every mail has its outcome and its forward, every status update its answer."""

        def quiet() -> bool:
            log = self.read("/v1/mails", limit=200)["items"]
            told = self.read("/v1/deliveries", limit=200)["items"]
            ready = self.read("/readyz")["services"].values()
            return (
                len(log) == mails
                and all(mail["state"] == "settled" and mail["forward"] in ("sent", None) for mail in log)
                and all(delivery["settled_at"] for delivery in told)
                and not any(service["outbox"] for service in ready)
            )

        self.until(quiet)

    def stop(self) -> int:
        self.process.terminate()
        return self.process.wait(10)


@contextmanager
def started(data: Path, *options: str) -> Generator[Callboard]:
    command = [CALLBOARD, "run", "--data", data, "--port", "0", *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        said = ""
        for line in process.stdout or ():
            said += line
            if line.startswith("Ctrl-C"):
                break
        found = re.search(r"API +(http://\S+)/docs", said)
        assert found, f"it did not get ready: {said}"
        headers = {"Authorization": f"Bearer {token_for(data)}"}
        with httpx.Client(base_url=found[1], headers=headers, timeout=30) as http:
            yield Callboard(process, data, found[1], said, http)
    finally:
        process.terminate()
        try:
            process.wait(10)
        finally:
            process.kill()
            process.wait()
            if process.stdout:
                process.stdout.close()


def token_for(data: Path) -> str:
    """What `callboard token` prints."""
    with redirect_stdout(StringIO()) as printed:
        assert owner.token(data, [*ADMIN], "tester", 15) == 0
    return printed.getvalue().strip()


def callboard(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [CALLBOARD, *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "NO_COLOR": "1", "COLUMNS": "200", **environment},
    )
