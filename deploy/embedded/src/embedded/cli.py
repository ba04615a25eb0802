"""The commands. What a command needs is imported when it runs, so that `--help` and `parse` start at once."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Callboard: the open back office for contractors who work for home-warranty companies.",
)

Data = Annotated[Path, typer.Option(help="Folder that holds everything this Callboard keeps.")]


@app.command()
def parse(
    files: Annotated[list[str], typer.Argument(metavar="FILE...", help="Raw mails.")],
    authserv_id: Annotated[
        str, typer.Option(help="Name under which our mail server writes Authentication-Results.")
    ] = "",
    trusted_sender: Annotated[
        list[str] | None, typer.Option(help="Address or domain; may be repeated.")
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
    mail_ingest_url: Annotated[
        str, typer.Option(help="Database of mail-ingest, of a distributed system.")
    ] = "",
    dispatch_url: Annotated[str, typer.Option(help="Database of dispatch.")] = "",
    customer_url: Annotated[str, typer.Option(help="Database of customer.")] = "",
    minutes: Annotated[float, typer.Option(help="What is younger may still be on its way.")] = 10,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Check that everything that came in is accounted for; exit status 1 where something is not."""
    from embedded import reconcile

    urls = {"mail-ingest": mail_ingest_url, "dispatch": dispatch_url, "customer": customer_url}
    raise typer.Exit(reconcile.reconcile(data, urls, minutes, as_json=as_json))
