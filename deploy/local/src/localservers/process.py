"""A server as a child process: own folder, reserved ports, never root, and every way to make it fail."""

import atexit
import grp
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Self, TypedDict

from localservers import ports
from localservers.tree import descendants, send, state

START_SECONDS = 60
STOP_SECONDS = 30


class ServerFailed(RuntimeError):
    """A server did not start or stop; the message ends with the last lines it wrote."""


class Identity(TypedDict, total=False):
    """Arguments of subprocess that make the child somebody else; empty when we are not root."""

    user: int
    group: int
    extra_groups: list[int]


class Server:
    """Base of the servers. A subclass writes its configuration in `prepare`, names its `command`, and says
    in `is_ready` when it serves. `folder` and fixed ports are for servers that keep their data between runs;
    without them everything is temporary and removed by `close`."""

    stop_signal: ClassVar[signal.Signals] = signal.SIGTERM

    def __init__(self, *, folder: Path | None = None) -> None:
        # PostgreSQL refuses to run as root, so root hands all of them to an account that can do nothing else.
        self.account = pwd.getpwnam("nobody") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
        self.group = grp.getgrgid(self.account.pw_gid).gr_name
        self._temporary = folder is None
        self.folder = folder or Path(tempfile.mkdtemp(prefix=f"{type(self).__name__.lower()}-"))
        self.folder.mkdir(parents=True, exist_ok=True)
        self._ports: list[socket.socket] = []
        self._process: subprocess.Popen[bytes] | None = None

    def prepare(self) -> None:
        """Write what the server needs before its first start."""

    def command(self) -> Sequence[str]:
        raise NotImplementedError

    def environment(self) -> Mapping[str, str]:
        return os.environ

    def is_ready(self) -> bool:
        raise NotImplementedError

    def start(self) -> Self:
        """Start and wait until ready. Prepares first when the folder is new."""
        marker = self.folder / ".prepared"
        self.give_away(self.folder)
        if not marker.exists():
            self.prepare()
            marker.touch()
        self.give_away(self.folder)
        self._process = self.spawn(self.command())
        atexit.register(self.close)
        self._wait_until(self.is_ready, START_SECONDS, "did not get ready")
        return self

    def stop(self) -> None:
        """Orderly end, data kept."""
        if self._process is None:
            return
        self.resume()
        self._process.send_signal(self.stop_signal)
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired as error:
            raise ServerFailed(self._complaint("did not stop")) from error
        self._process = None

    def kill9(self) -> None:
        """SIGKILL the server and all its children, data kept as it lies."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGSTOP)  # so that it cannot fork while its children are listed
        self._wait_until(lambda: state(self.pid) in ("", "T", "Z"), STOP_SECONDS, "did not freeze")
        doomed = self._tree()
        for pid in doomed:
            send(pid, signal.SIGKILL)
        self._process.wait()
        self._process = None
        # A listener lives as long as the last child that inherited it.
        while any(state(pid) not in ("", "Z") for pid in doomed):
            time.sleep(0.001)

    def restart(self) -> None:
        """Orderly stop when running, then start on the same ports and data."""
        self.stop()
        self.start()

    def pause(self) -> None:
        """Freeze: connections stay open, nothing answers."""
        for pid in self._tree():
            send(pid, signal.SIGSTOP)

    def resume(self) -> None:
        for pid in reversed(self._tree()):
            send(pid, signal.SIGCONT)

    def close(self) -> None:
        """Kill, give the ports back, remove the folder if it is temporary. May be called again."""
        atexit.unregister(self.close)
        self.kill9()
        for holder in self._ports:
            holder.close()
        self._ports.clear()
        if self._temporary:
            shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> Self:
        try:
            return self.start()
        except BaseException:
            self.close()
            raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def pid(self) -> int:
        """Process id of the running server. Raises ServerFailed when it is down."""
        if self._process is None:
            raise ServerFailed(f"{type(self).__name__} is not running")
        return self._process.pid

    def reserve_port(self, port: int = 0) -> int:
        holder = ports.reserve(port)
        self._ports.append(holder)
        return int(holder.getsockname()[1])

    def spawn(self, command: Sequence[str]) -> subprocess.Popen[bytes]:
        with self._log.open("ab") as log:
            return subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self.folder,
                env=self.environment(),
                start_new_session=True,
                **self._identity(),
            )

    def run(self, *command: str) -> str:
        """Run a tool of the server to its end as the server's account; its output. Raises ServerFailed."""
        done = subprocess.run(
            command,
            check=False,
            capture_output=True,
            text=True,
            cwd=self.folder,
            env=self.environment(),
            timeout=START_SECONDS,
            **self._identity(),
        )
        if done.returncode:
            raise ServerFailed(f"{' '.join(command)}: {done.stdout}{done.stderr}")
        return done.stdout

    def give_away(self, path: Path) -> None:
        """Make the server's account the owner of `path` and all below it."""
        if os.geteuid() != 0:
            return
        for place in (path, *path.rglob("*")):
            with suppress(FileNotFoundError):  # the server's own locks come and go
                os.chown(place, self.account.pw_uid, self.account.pw_gid, follow_symlinks=False)

    @property
    def _log(self) -> Path:
        return self.folder / "output.log"

    def _identity(self) -> Identity:
        if os.geteuid() != 0:
            return {}
        return {"user": self.account.pw_uid, "group": self.account.pw_gid, "extra_groups": []}

    def _tree(self) -> list[int]:
        return [] if self._process is None else descendants(self._process.pid)

    def _wait_until(self, done: Callable[[], bool], seconds: float, complaint: str) -> None:
        deadline = time.monotonic() + seconds
        while not done():
            if self._process is None or self._process.poll() is not None or time.monotonic() > deadline:
                raise ServerFailed(self._complaint(complaint))
            time.sleep(0.01)

    def _complaint(self, what: str) -> str:
        tail = self._log.read_text(errors="replace")[-2000:]
        return f"{type(self).__name__} in {self.folder} {what}:\n{tail}"
