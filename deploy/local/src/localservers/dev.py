"""`make dev`: the distributed system as plain processes on loopback, until Ctrl-C. Its data are temporary."""

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Generator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from localservers.dovecot import PASSWORD, Dovecot
from localservers.ports import LOOPBACK
from localservers.postgres import Postgres
from localservers.rabbitmq import RabbitMQ
from localservers.smtp_sink import SmtpSink

SERVICES = {"mail_ingest": 8101, "dispatch": 8102, "customer": 8103, "payments": 8104, "portal_api": 8105}
PARTNER_PORT, GATEWAYS_PORT = 8110, 8111
MAILBOX = "dispatch"
LOGS = Path(".run/dev")
START_SECONDS = 60
STOP_SECONDS = 15


def main() -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    LOGS.mkdir(parents=True, exist_ok=True)
    try:
        with ExitStack() as stack:
            _run(stack)
    except KeyboardInterrupt:
        _say("stopped")


def _run(stack: ExitStack) -> None:
    postgres = stack.enter_context(Postgres())
    rabbitmq = stack.enter_context(RabbitMQ())
    dovecot = stack.enter_context(Dovecot())
    sink = stack.enter_context(SmtpSink())
    dovecot.deliver(MAILBOX, [])
    common = {
        "CALLBOARD_ENVIRONMENT": "development",
        "CALLBOARD_BUS_URL": rabbitmq.url(),
        "CALLBOARD_JWKS_URL": f"http://{LOOPBACK}:{SERVICES['portal_api']}/v1/jwks",
        "CALLBOARD_WEB_URL": f"http://{LOOPBACK}:{SERVICES['portal_api']}",
        "CALLBOARD_SMTP_HOST": LOOPBACK,
        "CALLBOARD_SMTP_PORT": str(sink.port),
        "CALLBOARD_SMTP_SECURITY": "none",
        "CALLBOARD_SMTP_SENDER": "office@callboard.test",
    }
    environments = {
        module: {**common, "CALLBOARD_DATABASE_URL": postgres.url(postgres.create_database(module))}
        for module in SERVICES
    }
    environments["payments"] |= {
        "CALLBOARD_PAYMENTS_URL": f"http://{LOOPBACK}:{SERVICES['payments']}",
        "CALLBOARD_SANDBOX_URL": f"http://{LOOPBACK}:{GATEWAYS_PORT}/sandbox",
    }
    _migrate(environments)
    processes = {
        "simulators": stack.enter_context(_process("simulators", PARTNER_PORT, {})),
        "gateways": stack.enter_context(_process("simulators", GATEWAYS_PORT, {}, command="gateways")),
    }
    for module, port in SERVICES.items():
        processes[module] = stack.enter_context(_process(module, port, environments[module]))
    for module, port in SERVICES.items():
        _wait_until_ready(processes[module], module, port)
    _say(_administrator(environments["portal_api"]))
    _say(_table(postgres, rabbitmq, dovecot, sink))
    _watch(processes, sink)


def _migrate(environments: Mapping[str, Mapping[str, str]]) -> None:
    running = {
        module: subprocess.Popen([sys.executable, "-m", module, "migrate"], env={**os.environ, **environment})
        for module, environment in environments.items()
    }
    failed = [module for module, process in running.items() if process.wait() != 0]
    if failed:
        raise SystemExit(f"the migration of {', '.join(failed)} failed")


def _administrator(environment: Mapping[str, str]) -> str:
    """The first one, as an operator makes it."""
    command = [sys.executable, "-m", "portal_api", "admin", "create", "admin"]
    return subprocess.run(
        command, env={**os.environ, **environment}, check=True, capture_output=True, text=True
    ).stdout


@contextmanager
def _process(
    module: str, port: int, environment: Mapping[str, str], *, command: str = "serve"
) -> Generator[subprocess.Popen[bytes]]:
    """A module of ours as a child; its output goes into LOGS. Ends with the block, by force if need be."""
    with (LOGS / f"{module if command == 'serve' else command}.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", module, command, "--port", str(port)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env={**os.environ, **environment},
            start_new_session=True,  # Ctrl-C reaches only us, and we stop the children in good order
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_until_ready(process: subprocess.Popen[bytes], module: str, port: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"http://{LOOPBACK}:{port}/readyz", timeout=2):
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.1)
    _give_up(module)


def _watch(processes: Mapping[str, subprocess.Popen[bytes]], sink: SmtpSink) -> None:
    """Tells of each mail that went out, until Ctrl-C or until a process ends by itself."""
    told = 0
    while True:
        for module, process in processes.items():
            if process.poll() is not None:
                _give_up(module)
        for message in sink.messages[told:]:
            told += 1
            _say(f"mail to {', '.join(message.rcpt_tos)}: {len(message.content)} bytes")
        time.sleep(0.5)


def _give_up(module: str) -> None:
    log = LOGS / f"{module}.log"
    tail = "\n".join(log.read_text(errors="replace").splitlines()[-20:])
    raise SystemExit(f"{tail}\n\n{module} ended or did not get ready; all of its words are in {log}")


def _table(postgres: Postgres, rabbitmq: RabbitMQ, dovecot: Dovecot, sink: SmtpSink) -> str:
    rows = {module.replace("_", "-"): f"http://{LOOPBACK}:{port}/docs" for module, port in SERVICES.items()}
    rows |= {
        "partner": f"http://{LOOPBACK}:{PARTNER_PORT}/",
        "sandbox": f"http://{LOOPBACK}:{GATEWAYS_PORT}/sandbox/",
        "PostgreSQL": postgres.url("dispatch", driver="postgresql"),
        "RabbitMQ": rabbitmq.url(),
        "POP3": f"{LOOPBACK}:{dovecot.pop3} (SSL {dovecot.pop3s}), user {MAILBOX}, password {PASSWORD}",
        "IMAP": f"{LOOPBACK}:{dovecot.imap} (SSL {dovecot.imaps}), the same mailbox",
        "mailbox": str(dovecot.maildir(MAILBOX) / "new"),
        "SMTP": f"{LOOPBACK}:{sink.port}, keeps what the services send",
        "logs": str(LOGS),
    }
    lines = [f"  {name:<12} {value}" for name, value in rows.items()]
    return "\n".join([*lines, "", "Ctrl-C stops everything."])


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
