"""`make bench`: all benchmarks, or those named; results as JSON on standard output and in bench/results."""

import argparse
import importlib
import json
import os
import platform
import sys
import time
from pathlib import Path
from typing import Any

NAMES = ("embedded", "status", "rest", "logon", "home", "money", "ingest")
RESULTS = Path("bench/results")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(NAMES)}; all without")
    names = parser.parse_args().names or NAMES
    results: dict[str, Any] = {"machine": _machine()}
    RESULTS.mkdir(parents=True, exist_ok=True)
    kept = RESULTS / f"{time.strftime('%Y%m%dT%H%M%S')}.json"
    for name in names:
        sys.stderr.write(f"bench {name} …\n")
        results[name] = importlib.import_module(f"bench.{name}").run()
        kept.write_text(json.dumps(results, indent=2) + "\n")  # what is measured outlives a later failure
    sys.stdout.write(kept.read_text())


def _machine() -> dict[str, Any]:
    models = [
        line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")
    ]
    model = models[0].partition(": ")[2] if models else platform.machine()
    return {"cores": os.cpu_count(), "processor": model, "python": platform.python_version()}


if __name__ == "__main__":
    main()
