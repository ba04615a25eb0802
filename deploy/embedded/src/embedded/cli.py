"""The commands. What a command needs is imported when it runs, so that `--help` and `parse` start at once."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Callboard: the open back office for contractors who work for home-warranty companies.",
)

Data = Annotated[Path, typer.Option(help="Folder that holds everything this Callboard keeps.")]
MailIngestUrl = Annotated[str, typer.Option(help="Database of mail-ingest, of a distributed system.")]
DispatchUrl = Annotated[str, typer.Option(help="Database of dispatch.")]
CustomerUrl = Annotated[str, typer.Option(help="Database of customer.")]
PaymentsUrl = Annotated[str, typer.Option(help="Database of payments; without it money is not looked at.")]
PortalUrl = Annotated[str, typer.Option(help="Database of portal-api.")]
AsJson = Annotated[bool, typer.Option("--json", help="For programs.")]


@app.command()
def parse(
    files: Annotated[list[str], typer.Argument(metavar="FILE...", help="Raw mails.")],
    authserv_id: Annotated[
        str, typer.Option(help="Name under which our mail server writes Authentication-Results.")
    ] = "",
    trusted_sender: Annotated[
        list[str] | None, typer.Option(help="Address or domain; may be repeated. None: trust is not asked.")
    ] = None,
    own_address: Annotated[list[str] | None, typer.Option(help="Our own address; may be repeated.")] = None,
    vendor_id: Annotated[str, typer.Option(help="Our number at the partner.")] = "",
) -> None:
    """Say what mails are, one JSON object a line, without server or state."""
    from mail_ingest.verdict import Rules

    from embedded import parse

    rules = Rules(
        partner="ahs",
        authserv_id=authserv_id or None,
        trusted_senders=tuple(trusted_sender or ()),
        own_addresses=tuple(own_address or ()),
        vendor_id=vendor_id or None,
        asks_trust=bool(trusted_sender or authserv_id),
    )
    raise typer.Exit(parse.parse(files, rules))


@app.command()
def run(
    data: Data = Path("data"),
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on. 0: any that is free.")] = 8080,
    demo: Annotated[bool, typer.Option(help="Begin with the sample mails in the mailbox.")] = False,
) -> None:
    """Run the whole system in this process. Asks nothing, needs nothing else."""
    import gc

    gc.disable()  # until it is ready: imports leave no garbage, and looking for it is a tenth of the start
    from embedded import run

    raise typer.Exit(run.run(data, host, port, demo=demo))


@app.command()
def demo() -> None:
    """Take the bundled sample mails through the whole job, and check what became of each."""
    from embedded import demo

    raise typer.Exit(demo.demo())


@app.command()
def reconcile(
    data: Data = Path("data"),
    mail_ingest_url: MailIngestUrl = "",
    dispatch_url: DispatchUrl = "",
    customer_url: CustomerUrl = "",
    payments_url: PaymentsUrl = "",
    portal_api_url: PortalUrl = "",
    minutes: Annotated[float, typer.Option(help="What is younger may still be on its way.")] = 10,
    as_json: AsJson = False,
) -> None:
    """Check that everything that came in is accounted for; exit status 1 where something is not."""
    from embedded import reconcile

    urls = {"mail-ingest": mail_ingest_url, "dispatch": dispatch_url, "customer": customer_url}
    urls |= {"payments": payments_url, "portal-api": portal_api_url}
    raise typer.Exit(reconcile.reconcile(data, urls, minutes, as_json=as_json))


@app.command("import")
def import_(
    path: Annotated[Path, typer.Argument(help="An mbox, a Maildir, a folder of .eml files, or one mail.")],
    data: Data = Path("data"),
    mailbox: Annotated[str, typer.Option(help="Name of the mailbox, where there are several.")] = "",
    url: Annotated[str, typer.Option(help="Address of another Callboard to import into.")] = "",
    token: Annotated[str, typer.Option(envvar="CALLBOARD_TOKEN", help="Access token for it.")] = "",
) -> None:
    """Take mails that lie on this machine. May be stopped and run again."""
    from embedded import importing

    raise typer.Exit(importing.import_(path, data, mailbox, url, token))


@app.command()
def doctor(
    data: Data = Path("data"),
    mail_ingest_url: MailIngestUrl = "",
    dispatch_url: DispatchUrl = "",
    customer_url: CustomerUrl = "",
    bus_url: Annotated[str, typer.Option(help="RabbitMQ of a distributed system.")] = "",
    as_json: AsJson = False,
) -> None:
    """Find what is wrong with this installation, and say how to mend it."""
    from embedded import doctor

    urls = {"mail-ingest": mail_ingest_url, "dispatch": dispatch_url, "customer": customer_url}
    raise typer.Exit(doctor.doctor(data, urls, bus_url, as_json=as_json))


dead = typer.Typer(no_args_is_help=True, help="Events that could not be handled, or not be sent.")
app.add_typer(dead, name="dead")


@dead.command("list")
def list_(data: Data = Path("data")) -> None:
    """One line an event: service, heard or said, id, name, why it could not be handled or sent."""
    from embedded import dead

    raise typer.Exit(dead.list_(data))


@dead.command()
def show(event: Annotated[UUID, typer.Argument(help="From `dead list`.")], data: Data = Path("data")) -> None:
    """Print the whole event as JSON, or what lies in its place."""
    from embedded import dead

    raise typer.Exit(dead.show(data, event))


@dead.command()
def replay(
    events: Annotated[list[UUID] | None, typer.Argument(help="From `dead list`.")] = None,
    every: Annotated[bool, typer.Option("--all", help="All of them.")] = False,
    data: Data = Path("data"),
) -> None:
    """Hand events to their service again, once the reason is mended. A Callboard may run there meanwhile."""
    from embedded import dead

    raise typer.Exit(dead.replay(data, events or [], every=every))


@app.command("rotate-key")
def rotate_key(data: Data = Path("data")) -> None:
    """Make a new secret key and seal every stored secret with it; the old key is kept to open what is left.
    With CALLBOARD_SECRET_KEY set, that is the new one, and the old one is in CALLBOARD_OLD_SECRET_KEYS."""
    from embedded import keys

    raise typer.Exit(keys.rotate_key(data))


class Role(StrEnum):
    ADMIN = "office.admin"
    DISPATCHER = "office.dispatcher"
    TECHNICIAN = "technician"


@app.command()
def token(
    data: Data = Path("data"),
    role: Annotated[list[Role], typer.Option(help="May be repeated.")] = [Role.ADMIN],  # noqa: B006
    subject: Annotated[str, typer.Option(help="Who it says to be.")] = "owner of the machine",
    minutes: Annotated[float, typer.Option(min=0.1, max=15, help="How long it is valid.")] = 15,
) -> None:
    """Print an access token for the API of the Callboard in this folder, signed with its own key."""
    from embedded import owner

    raise typer.Exit(owner.token(data, [*role], subject, minutes))


admin = typer.Typer(no_args_is_help=True, help="Accounts, for the owner of the machine: without logging on.")
app.add_typer(admin, name="admin")
UserName = Annotated[str, typer.Argument(help="An e-mail address, or any name.")]


@admin.command()
def create(user_name: UserName, data: Data = Path("data")) -> None:
    """Make an administrator of the office; prints a one-time password."""
    from embedded import owner

    raise typer.Exit(owner.create(data, user_name))


@admin.command("reset-password")
def reset_password(
    user_name: UserName,
    data: Data = Path("data"),
    totp_off: Annotated[bool, typer.Option("--totp-off", help="Also without the second factor.")] = False,
) -> None:
    """Print a one-time password for a member of staff, whose sessions end."""
    from embedded import owner

    raise typer.Exit(owner.reset(data, user_name, totp_off=totp_off))


@app.command()
def contracts(
    folder: Annotated[Path, typer.Option(help="Where they are kept.")] = Path("docs"),
    check: Annotated[bool, typer.Option("--check", help="Only compare them with the code.")] = False,
) -> None:
    """Write the AsyncAPI and OpenAPI documents, and the tables of a new embedded database."""
    from embedded import contracts

    raise typer.Exit(contracts.contracts(folder, check=check))
