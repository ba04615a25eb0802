"""Reads mails in a child process that a hostile one may exhaust: it is then ended, and the next mail gets a
new one. Nothing but the standard library and the parser, so that it starts at once."""

import multiprocessing
import resource
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Any, Self

from mail_ingest.verdict import Rules, Verdict, read


class GuardedReader:
    """`read()` takes at most `seconds` and `megabytes` a mail. Use it with `with`."""

    def __init__(self, rules: Rules, seconds: float = 2.0, megabytes: int = 300) -> None:
        self._rules, self._seconds, self._megabytes = rules, seconds, megabytes
        self._context = multiprocessing.get_context("fork")
        self._child: tuple[Any, Any] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def read(self, raw: bytes, size: int) -> Verdict:
        """What the mail is; `size` is its true size where `raw` holds only its beginning."""
        process, pipe = self._child = self._child or self._start()
        try:
            pipe.send((raw, size))
            if pipe.poll(self._seconds):
                return pipe.recv()
            code, reason = "too_slow", f"Reading this mail took over {self._seconds:g} seconds."
        except (EOFError, OSError):
            code, reason = "too_large", f"Reading this mail took over {self._megabytes} MB of memory."
        process.kill()
        self._end()
        return Verdict("unable", code, f"{reason} Look at the raw mail.")

    def _start(self) -> tuple[Any, Any]:
        ours, theirs = self._context.Pipe()
        process = self._context.Process(
            target=_serve, args=(theirs, ours, self._rules, self._megabytes), daemon=True
        )
        process.start()
        theirs.close()
        return process, ours

    def _end(self) -> None:
        if self._child is not None:
            process, pipe = self._child
            self._child = None
            pipe.close()
            process.join()
            process.close()


def _serve(pipe: Connection, other_end: Connection, rules: Rules, megabytes: int) -> None:
    other_end.close()  # held open here, it would keep us waiting after our parent has gone
    with open("/proc/self/statm", encoding="ascii") as file:
        now = int(file.read().split()[0]) * resource.getpagesize()
    limit = now + megabytes * 1024 * 1024
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    try:
        while True:
            raw, size = pipe.recv()
            pipe.send(read(raw, rules, size=size))
    except EOFError:
        return
