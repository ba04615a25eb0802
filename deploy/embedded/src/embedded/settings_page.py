"""docs/settings.md: every setting of every service, as the code has it."""

import ast
import inspect
from collections.abc import Iterable
from itertools import pairwise
from typing import Any

from pydantic import SecretStr
from pydantic.fields import FieldInfo
from shared.service import Service
from shared.settings import Settings

HEAD = """# Settings

Each is an environment variable of the process; the ones of a mailbox, a partner or a status code are set over
REST. This page is generated (`make contracts`).

`SSL_CERT_FILE` or `SSL_CERT_DIR` name other certificate authorities for the partner, the gateways,
webhooks and the signing keys.
"""


def settings_page(services: Iterable[Service]) -> str:
    tables = [_table("Every service", Settings, {})]
    for service in services:
        if service.settings is not Settings:
            tables.append(_table(service.name, service.settings, Settings.model_fields))
    return "\n".join([HEAD, *tables])


def _table(title: str, settings: type[Settings], without: dict[str, FieldInfo]) -> str:
    says = _docstrings(settings)
    rows = [
        f"| `CALLBOARD_{name.upper()}` | {_default(field)} | {field.description or says[name]} |"
        for name, field in settings.model_fields.items()
        if name not in without
    ]
    return "\n".join(
        [f"## {title}", "", "| variable | default | what it does |", "| --- | --- | --- |", *rows, ""]
    )


def _docstrings(settings: type[Settings]) -> dict[str, str]:
    """What stands below each field. Raises KeyError in `_table` for one that says nothing. (Pydantic can read
    them too, but does so whenever the program starts.)"""
    return {
        field.target.id: " ".join(text.value.value.split())
        for written in ast.parse(inspect.getsource(settings)).body
        if isinstance(written, ast.ClassDef)
        for field, text in pairwise(written.body)
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
        if isinstance(text, ast.Expr)
        and isinstance(text.value, ast.Constant)
        and isinstance(text.value.value, str)
    }


def _default(field: FieldInfo) -> str:
    default: Any = field.get_default(call_default_factory=True, validated_data={})
    if isinstance(default, SecretStr):
        return "a development key" if default.get_secret_value() else "empty"
    return f"`{default}`" if default not in ("", None) else "empty"
