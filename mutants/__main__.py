"""`make mutants FILES=…`: small mistakes planted one by one; which of them the narrow tests of a file find.

Runs in a copy of the tree, so that the checkout may be edited meanwhile. Writes what became of each mutant to
.cache/mutants, and prints a line for each file and the change of each mutant that was not found.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections import Counter
from fnmatch import fnmatch
from pathlib import Path

HERE = Path(__file__).parent
KEPT = Path(".cache/mutants")
MEMORY = Path("/dev/shm")
FOUND = ("killed", "timeout")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m mutants", description=__doc__)
    parser.add_argument("files", nargs="+", metavar="FILE")
    parser.add_argument("--minutes", type=float, default=30, help="for one file; the rest is not run")
    parser.add_argument("--goal", type=float, default=0, help="exit status 1 where less per cent were found")
    asked = parser.parse_args()
    KEPT.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="mutants-", dir=MEMORY if MEMORY.is_dir() else None) as folder:
        tree = Path(folder) / "tree"
        _copy(tree)
        shares = [_one(Path(file), tree, asked.minutes) for file in asked.files]
    return 1 if min(shares) < asked.goal else 0


def _one(file: Path, tree: Path, minutes: float) -> float:
    """Per cent of the mutants that were found."""
    rows = tomllib.loads((HERE / "table.toml").read_text())["rows"]
    row = next(row for row in rows if any(fnmatch(str(file), each) for each in row["files"]))
    out = (KEPT / str(file).replace("/", ".")).with_suffix(".json").resolve()
    sources = ":".join(str(each) for each in (tree, *tree.glob("*/src"), *tree.glob("*/*/src")))
    environment = os.environ | {"PYTHONPATH": sources, "PYTHONDONTWRITEBYTECODE": "1"}
    environment |= {"MUTANTS_FILE": str(file), "MUTANTS_OUT": str(out), "MUTANTS_SECONDS": str(minutes * 60)}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:randomly", "-p", "mutants.entry"]
    # nobody reads why a test failed, and the comparison of two large values takes longer than the test
    command += ["--assert=plain", "--tb=no"]
    command += ["-m", "not soak", "-k", f"not ({row['without']})" if "without" in row else ""]
    command += [f"--basetemp={tree.parent / 'temporary'}", *row["tests"]]
    done = subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1, 5) or not out.exists():
        sys.exit(f"{file}: {done.stdout[-3000:]}{done.stderr[-3000:]}")
    return _show(file, json.loads(out.read_text()))


def _show(file: Path, results: list[dict[str, str]]) -> float:
    count = Counter(each["result"] for each in results)
    judged = sum(number for what, number in count.items() if what not in ("incompetent", "not run"))
    share = 100 * sum(count[what] for what in FOUND) / max(judged, 1)
    for each in results:
        if each["result"] in ("survived", "no test"):
            print(f"{file}:{each['line']}: {each['result']}\n{each['diff']}\n")
    print(f"{file}: {share:.1f} % found of {judged}: {json.dumps(count)}", flush=True)
    return share


def _copy(tree: Path) -> None:
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    names = subprocess.run(listed, capture_output=True, check=True).stdout.decode().split("\0")
    for name in names:
        if name and Path(name).is_file():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(name, tree / name)


if __name__ == "__main__":
    sys.exit(main())
