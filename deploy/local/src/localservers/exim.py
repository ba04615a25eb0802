"""Exim: a real mail transfer agent, with STARTTLS, AUTH, refusals on demand and delivery into one Maildir."""

from pathlib import Path

from localservers.certificates import self_signed
from localservers.ports import greets
from localservers.process import Server
from localservers.programs import program

USER, PASSWORD = "callboard", "pw"

CONFIGURATION = """
primary_hostname = localhost
keep_environment =
admin_groups = {group}
exim_user = {user}
exim_group = {group}
spool_directory = {folder}/spool
log_file_path = {folder}/log/%slog
pid_file_path = {folder}/exim.pid
local_interfaces = 127.0.0.1
daemon_smtp_ports = {port}
tls_advertise_hosts = *
tls_certificate = {certificate}
tls_privatekey = {key}
auth_advertise_hosts = *
host_lookup =
rfc1413_query_timeout = 0s
deliver_drop_privilege = true
smtp_accept_max = 200
smtp_accept_max_per_connection = 0
smtp_accept_queue_per_connection = 0
qualify_domain = localhost
acl_smtp_rcpt = check_recipient
acl_smtp_data = check_data
begin acl
check_recipient:
  deny message = 550 no such user
       local_parts = nosuch
  defer message = 451 try later
       local_parts = later
  accept authenticated = *
  deny message = authentication required
check_data:
  accept
begin routers
everything:
  driver = accept
  transport = maildir
begin transports
maildir:
  driver = appendfile
  directory = {folder}/mail
  create_directory
  maildir_format
begin retry
* * F,1h,1m
begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = ${{if and{{{{eq{{$auth2}}{{{login}}}}}{{eq{{$auth3}}{{{password}}}}}}}}}
  server_set_id = $auth2
login:
  driver = plaintext
  public_name = LOGIN
  server_prompts = Username:: : Password::
  server_condition = ${{if and{{{{eq{{$auth1}}{{{login}}}}}{{eq{{$auth2}}{{{password}}}}}}}}}
  server_set_id = $auth1
"""


class Exim(Server):
    """Takes mail from USER with PASSWORD only. Recipients `nosuch@…` get 550 and `later@…` 451."""

    def __init__(self, *, folder: Path | None = None, port: int = 0) -> None:
        self._program = program("/usr/sbin/exim4", package="exim4-daemon-heavy")
        super().__init__(folder=folder)
        self.port = self.reserve_port(port)
        self.certificate = self.folder / "cert.pem"

    def prepare(self) -> None:
        files = self_signed(self.folder)
        for name in ("spool", "log", "mail"):
            (self.folder / name).mkdir()
        (self.folder / "exim.conf").write_text(
            CONFIGURATION.format(
                folder=self.folder,
                user=self.account.pw_name,
                group=self.group,
                certificate=files.certificate,
                key=files.key,
                port=self.port,
                login=USER,
                password=PASSWORD,
            )
        )

    def command(self) -> list[str]:
        return [self._program, "-C", str(self.folder / "exim.conf"), "-bdf"]

    def is_ready(self) -> bool:
        return greets(self.port, b"220")

    def delivered(self) -> list[bytes]:
        """All messages delivered so far, for whomever, oldest first. Exim adds its headers in front."""
        files = sorted((self.folder / "mail").glob("new/*"), key=lambda file: file.stat().st_mtime_ns)
        return [file.read_bytes() for file in files]
