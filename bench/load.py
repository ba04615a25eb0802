"""Load by wrk: one thread."""

import re
import statistics
import subprocess
from collections.abc import Sequence
from pathlib import Path

_UNITS = {"us": 1e-3, "ms": 1.0, "s": 1e3}


def wrk(
    url: str, seconds: int, *, token: str = "", script: Path | None = None, connections: int = 32
) -> dict[str, float]:
    """Requests a second, and milliseconds in which half and 99 % of them were answered. Raises
    RuntimeError for an answer that is no 2xx."""
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency"]
    command += ["-H", f"Authorization: Bearer {token}"] if token else []
    command += ["-s", str(script)] if script else []
    said = subprocess.run([*command, url], capture_output=True, text=True, check=True).stdout
    rate = re.search(r"Requests/sec:\s+([\d.]+)", said)
    times = dict(re.findall(r"(50|99)%\s+([\d.]+(?:us|ms|s))", said))
    if "Non-2xx" in said or not rate or len(times) < 2:
        raise RuntimeError(f"{url}: {said}")
    return {
        "per_second": float(rate[1]),
        "p50_ms": _milliseconds(times["50"]),
        "p99_ms": _milliseconds(times["99"]),
    }


def median_of(rounds: Sequence[dict[str, float]]) -> dict[str, float]:
    """Number by number: one bad moment of the machine spoils one round only."""
    return {name: statistics.median(each[name] for each in rounds) for name in rounds[0]}


def _milliseconds(time: str) -> float:
    found = re.fullmatch(r"([\d.]+)(us|ms|s)", time)
    assert found
    return float(found[1]) * _UNITS[found[2]]
