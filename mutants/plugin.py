"""pytest: collects once, then runs the tests again for each mutant, in a copy of the process."""

import ast
import json
import os
import random
import sys
import time
from itertools import accumulate
from pathlib import Path
from typing import Any

import pytest

from mutants.changes import Mutant, mutants
from mutants.swap import swap

JOBS = int(os.environ.get("JOBS", "2"))
OURS = ("shared", "mail_ingest", "dispatch", "customer", "payments", "portal_api", "embedded", "simulators")


class Plugin:
    """`path` of the file below the current directory, `seconds` for all of its mutants. Results go to `out`
    as JSON."""

    def __init__(self, path: Path, out: Path, seconds: float) -> None:
        self.path, self.out, self.ends = path, out, time.monotonic() + seconds
        self.took: dict[str, float] = {}
        self.lines: dict[str, set[int]] = {}

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        file = str(self.path.resolve())
        self.module = next(each for each in list(sys.modules.values()) if _file(each) == file)
        code = self.path.read_text()
        report = self.out.with_suffix(".tests")
        first = self._fork(session, code, session.items, report)
        if self._ended({first: time.monotonic() + 900}) != [(first, 0)]:
            raise pytest.UsageError("the tests fail without a mutant")
        for id, took, lines in json.loads(report.read_text()):
            self.took[id], self.lines[id] = took, set(lines)
        # mixed, so that a run that its time cuts off is a sample; those of a function first: what runs at
        # import is passed by every test, and takes long
        mixed = list(mutants(code))
        random.Random(0).shuffle(mixed)
        self._all(session, sorted(mixed, key=lambda each: self._at_import(code, each)))
        return True

    def _all(self, session: pytest.Session, waiting: list[Mutant]) -> None:
        results: list[dict[str, Any]] = []
        running: dict[int, tuple[Mutant, float]] = {}
        while waiting or running:
            while waiting and len(running) < JOBS:
                mutant = waiting.pop(0)
                items = self._narrow(session, mutant)
                if time.monotonic() > self.ends or not items:
                    results.append(_said(mutant, "not run" if items else "no test"))
                    continue
                limit = time.monotonic() + 15 + 5 * sum(self.took[each.nodeid] for each in items)
                running[self._fork(session, mutant.code, items)] = (mutant, limit)
            if running:
                for pid, status in self._ended({pid: limit for pid, (_, limit) in running.items()}):
                    what = {0: "survived", 2: "incompetent", -9: "timeout"}.get(status, "killed")
                    results.append(_said(running.pop(pid)[0], what))
            self.out.write_text(json.dumps(results))

    def _narrow(self, session: pytest.Session, mutant: Mutant) -> list[pytest.Item]:
        """The tests that pass the changed statement, the quickest first. What runs at import is passed by
        all: of those as many as fit into a minute."""
        first, last = mutant.lines
        here = set(range(first, last + 1))
        quick = sorted(session.items, key=lambda each: self.took[each.nodeid])
        if not self._at_import(mutant.code, mutant):
            return [each for each in quick if self.lines[each.nodeid] & here]
        total = accumulate(self.took[each.nodeid] for each in quick)
        return [each for each, until in zip(quick, total, strict=True) if until <= 60]

    def _at_import(self, code: str, mutant: Mutant) -> bool:
        kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
        functions = [node for node in ast.walk(ast.parse(code)) if isinstance(node, kinds)]
        spans = [(node.body[0].lineno, node.end_lineno or 0) for node in functions]
        return not any(first <= mutant.lines[0] <= last for first, last in spans)

    def _fork(
        self, session: pytest.Session, code: str, items: list[pytest.Item], report: Path | None = None
    ) -> int:
        pid = os.fork()
        if pid:
            return pid
        status = 3
        try:
            null = os.open(os.devnull, os.O_WRONLY)
            for stream in (1, 2):
                os.dup2(null, stream)
            if report is None:
                try:
                    swap(self.module, compile(code, str(self.path.resolve()), "exec"), OURS)
                except Exception:
                    os._exit(2)
            status = self._run(session, items, report)
        finally:
            os._exit(status)

    def _run(self, session: pytest.Session, items: list[pytest.Item], report: Path | None) -> int:
        """0: all passed, 1: one failed."""
        ran: list[Any] = []
        for i, item in enumerate(items):
            lines: set[int] = set()
            start = time.monotonic()
            if report is not None:
                sys.settrace(_tracer(str(self.path.resolve()), lines))
            following = items[i + 1] if i + 1 < len(items) else None
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            sys.settrace(None)
            if session.testsfailed:
                return 1
            ran.append((item.nodeid, time.monotonic() - start, sorted(lines)))
        if report is not None:
            report.write_text(json.dumps(ran))
        return 0

    def _ended(self, limits: dict[int, float]) -> list[tuple[int, int]]:
        """Those that have ended (or had to be ended), once one has."""
        while True:
            ended: list[tuple[int, int]] = []
            for pid, limit in limits.items():
                done, status = os.waitpid(pid, os.WNOHANG)
                if done:
                    ended.append((pid, os.waitstatus_to_exitcode(status)))
                elif time.monotonic() > limit:
                    os.kill(pid, 9)
                    os.waitpid(pid, 0)
                    ended.append((pid, -9))
            if ended:
                return ended
            time.sleep(0.01)


def _file(module: Any) -> str | None:
    return getattr(module, "__file__", None)


def _said(mutant: Mutant, what: str) -> dict[str, Any]:
    return {"result": what, "line": mutant.lines[0], "diff": mutant.diff}


def _tracer(file: str, lines: set[int]) -> Any:
    def local(frame: Any, _event: str, _arg: Any) -> Any:
        lines.add(frame.f_lineno)
        return local

    def start(frame: Any, _event: str, _arg: Any) -> Any:
        if frame.f_code.co_filename == file:
            lines.add(frame.f_lineno)
            return local
        return None

    return start
