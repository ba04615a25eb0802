"""RabbitMQ: one node, a virtual host for each user of it."""

import itertools
import os
import socket
import subprocess
from pathlib import Path

from localservers.ports import LOOPBACK
from localservers.process import Server
from localservers.programs import program

PLACE = "/usr/lib/rabbitmq/bin"  # the wrappers in /usr/sbin insist on being root or rabbitmq
VHOSTS_AT_ONCE = 8  # a rabbitmqctl call costs 0.3 s, whatever it does


class RabbitMQ(Server):
    """One node. `settings` are lines of rabbitmq.conf."""

    def __init__(
        self, *, folder: Path | None = None, port: int = 0, settings: dict[str, str] | None = None
    ) -> None:
        package = "rabbitmq-server"
        self._server = program(f"{PLACE}/rabbitmq-server", package=package)
        self._control = program(f"{PLACE}/rabbitmqctl", package=package)
        self._epmd_program = program("epmd", package="erlang-base")
        self._epmd: subprocess.Popen[bytes] | None = None
        super().__init__(folder=folder)
        self.port = self.reserve_port(port)
        self._dist, self._epmd_port, self._ctl = (self.reserve_port() for _ in range(3))
        self.settings = {
            "listeners.tcp.default": f"{LOOPBACK}:{self.port}",
            "log.file.level": "warning",
            **(settings or {}),
        }
        self._numbers = itertools.count(1)
        self._vhosts: list[str] = []

    def prepare(self) -> None:
        lines = "".join(f"{name} = {value}\n" for name, value in self.settings.items())
        (self.folder / "rabbitmq.conf").write_text(lines)
        (self.folder / "advanced.config").write_text("[{kernel,[{inet_dist_use_interface,{127,0,0,1}}]}].\n")
        (self.folder / "enabled_plugins").write_text("[].\n")
        for name in ("log", "mnesia"):
            (self.folder / name).mkdir()

    def environment(self) -> dict[str, str]:
        folder = self.folder
        return {
            **os.environ,
            "HOME": str(folder),  # the Erlang cookie lives there
            "ERL_EPMD_ADDRESS": LOOPBACK,
            "ERL_EPMD_PORT": str(self._epmd_port),
            "RABBITMQ_ADVANCED_CONFIG_FILE": f"{folder}/advanced.config",
            "RABBITMQ_CONFIG_FILE": f"{folder}/rabbitmq.conf",
            "RABBITMQ_CONF_ENV_FILE": "/dev/null",
            "RABBITMQ_CTL_DIST_PORT_MAX": str(self._ctl),
            "RABBITMQ_CTL_DIST_PORT_MIN": str(self._ctl),
            "RABBITMQ_DIST_PORT": str(self._dist),
            "RABBITMQ_ENABLED_PLUGINS_FILE": f"{folder}/enabled_plugins",
            "RABBITMQ_FEATURE_FLAGS_FILE": f"{folder}/feature_flags",
            "RABBITMQ_GENERATED_CONFIG_DIR": f"{folder}/generated",
            "RABBITMQ_LOG_BASE": f"{folder}/log",
            "RABBITMQ_MNESIA_BASE": f"{folder}/mnesia",
            "RABBITMQ_NODENAME": f"callboard{self.port}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": LOOPBACK,
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_PID_FILE": f"{folder}/pid",
            "RABBITMQ_SCHEMA_DIR": f"{folder}/schema",
        }

    def command(self) -> list[str]:
        if self._epmd is None:
            # Erlang's name server would otherwise be started as a daemon that outlives the node.
            self._epmd = self.spawn([self._epmd_program, "-port", str(self._epmd_port), "-address", LOOPBACK])
        return [self._server]

    def is_ready(self) -> bool:
        """Listens and greets: the protocol header is answered with Connection.Start, a method frame."""
        try:
            with socket.create_connection((LOOPBACK, self.port), 1) as connection:
                connection.sendall(b"AMQP\x00\x00\x09\x01")
                return connection.recv(1) == b"\x01"
        except OSError:
            return False

    def close(self) -> None:
        super().close()
        if self._epmd is not None:
            self._epmd.kill()
            self._epmd.wait()
            self._epmd = None

    def url(self, vhost: str = "/") -> str:
        return f"amqp://guest:guest@{LOOPBACK}:{self.port}/{'%2F' if vhost == '/' else vhost}"

    def control(self, *arguments: str) -> str:
        """Run rabbitmqctl (0.3 s); its output."""
        return self.run(self._control, "-q", *arguments)

    def create_vhost(self) -> str:
        """A virtual host that nobody has used; its name."""
        if not self._vhosts:
            self._vhosts = [f"v{next(self._numbers)}" for _ in range(VHOSTS_AT_ONCE)]
            names = ",".join(f'<<"{name}">>' for name in self._vhosts)
            everything = ", ".join(['<<".*">>'] * 3)
            self.control(
                "eval",
                f'[begin ok = rabbit_vhost:add(V, <<"callboard">>), ok = rabbit_auth_backend_internal:'
                f'set_permissions(<<"guest">>, V, {everything}, <<"callboard">>) end || V <- [{names}]].',
            )
        return self._vhosts.pop(0)

    def delete_vhost(self, name: str) -> None:
        self.control("delete_vhost", name)
