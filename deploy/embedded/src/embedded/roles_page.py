"""docs/roles.md: who may call what, read out of the OpenAPI documents."""

from collections.abc import Collection, Mapping
from typing import Any

HEAD = """# Who may do what

Each route names its roles in the code; this page is generated from the OpenAPI documents (`make contracts`).
A person needs one of the roles. An API client needs one of the roles and the scope; where there is no scope,
only people are let in. `anyone` needs no access token: the route checks by itself what it must (a session,
a password, a signature).

| role | who |
| --- | --- |
| `office.admin` | runs the office: accounts, API clients, settings |
| `office.dispatcher` | works at the board |
| `technician` | does the jobs |
| `customer.admin` | administers the account of a customer's location: sees invoices, edits the record |
| `customer` | another member of that household |
"""


def roles_page(documents: Mapping[str, Any]) -> str:
    """`documents` are OpenAPI documents by the name of their service."""
    common = set[str].intersection(*(set(document["paths"]) for document in documents.values()))
    tables = [_table("Every service", next(iter(documents.values()))["paths"], common)]
    for name, document in documents.items():
        tables.append(_table(name, document["paths"], document["paths"].keys() - common))
    return "\n".join([HEAD, *tables])


def _table(title: str, paths: Mapping[str, Any], shown: Collection[str]) -> str:
    rows = [
        f"| `{method.upper()} {path}` | {', '.join(operation.get('x-roles', ()))} | {_scope(operation)} |"
        for path in sorted(shown)
        for method, operation in paths[path].items()
    ]
    return "\n".join([f"## {title}", "", "| operation | roles | scope |", "| --- | --- | --- |", *rows, ""])


def _scope(operation: Mapping[str, Any]) -> str:
    return f"`{operation['x-scope']}`" if "x-scope" in operation else ""
