"""The embedded system: seconds to its first ready answer, beside a bare app of the same libraries, and the
memory of all its processes."""

import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import httpx

from bench.fleet import free_port, process_of, wait_for

RUNS = 5


def run(runs: int = RUNS) -> dict[str, Any]:
    """Medians of `runs` starts on new folders, sample mails included, and of bare ones between them; the
    largest memory. How much longer ours takes is the median of pairs measured one after the other."""
    bare, ours, memories = zip(*((_bare_start(), *_start()) for _ in range(runs)), strict=True)
    return {
        "seconds_to_ready": statistics.median(ours),
        "bare_seconds_to_ready": statistics.median(bare),
        "ratio": statistics.median(our / their for our, their in zip(ours, bare, strict=True)),
        "megabytes": max(memories),
        "runs": runs,
    }


def _bare_start() -> float:
    """No database is asked: only loading the libraries and serving one route."""
    port = free_port()
    started = time.perf_counter()
    with process_of("bench.bare_start", {}, str(port)):
        wait_for(f"http://127.0.0.1:{port}/readyz")
        return time.perf_counter() - started


def _start() -> tuple[float, float]:
    port, folder = free_port(), tempfile.mkdtemp(prefix="bench.")
    command = [sys.executable, "-m", "embedded", "run", "--demo", "--data", folder, "--port", str(port)]
    started = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(f"http://127.0.0.1:{port}/readyz")
        took = time.perf_counter() - started
        _wait_until_quiet(Path(folder))
        for _ in range(20):
            httpx.get(f"http://127.0.0.1:{port}/").raise_for_status()
        return took, sum(map(_own_megabytes, [process.pid, *_children(process.pid)]))
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)


def _wait_until_quiet(folder: Path, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while any((folder / "mailbox" / "new").iterdir()):
        if time.monotonic() > end:
            raise TimeoutError("the sample mails were not read")
        time.sleep(0.1)
    time.sleep(2)


def _children(pid: int) -> list[int]:
    listed = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [grandchild for child in map(int, listed) for grandchild in (child, *_children(child))]


def _own_megabytes(pid: int) -> float:
    """Proportional memory: pages that several processes share count once."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError(f"no memory figure for {pid} on {os.uname().sysname}")
