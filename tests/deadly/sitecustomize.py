"""For a service started with this folder on PYTHONPATH: a mail that names a header `X-Deadly` kills what
reads it, as a bug in a parser would. The worker runs this too."""

import os
import signal
from pathlib import Path

from mail_ingest import verdict

_read = verdict.read


def read(raw: bytes, *arguments: object, **named: object) -> object:
    if b"X-Deadly: worker" in raw:
        os.kill(os.getpid(), signal.SIGSEGV)
    if b"X-Deadly: service" in raw:
        os.kill(os.getppid(), signal.SIGKILL)
    if b"X-Deadly: hang" in raw:
        Path(os.environ["DEADLY_MARK"]).touch()
        while True:
            pass
    return _read(raw, *arguments, **named)  # type: ignore[arg-type]


verdict.read = read  # type: ignore[assignment]
