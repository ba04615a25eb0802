"""Templates and patterns that people write for a partner's protocol. What one costs is bounded by its length:
a template has no loops, calls or arithmetic, and RE2 looks through a text once, whatever the pattern."""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, Protocol, cast
from urllib.parse import quote
from xml.sax.saxutils import escape

import re2
from jinja2 import StrictUndefined, Template, TemplateError, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

VARIABLES = ("account", "update")
FILTERS = ("date", "default", "json", "lower", "trim", "upper", "url", "xml")
_DEEPEST = 30
_ALLOWED = (
    nodes.Template,
    nodes.Output,
    nodes.TemplateData,
    nodes.Name,
    nodes.Getattr,
    nodes.Const,
    nodes.Concat,
    nodes.If,
    nodes.CondExpr,
    nodes.Compare,
    nodes.Operand,
    nodes.And,
    nodes.Or,
    nodes.Not,
    nodes.Filter,
)
# A width ("%999999999d") would be padded by the C library.
_DIRECTIVES = "%Y %m %d %H %M %S %y %j %I %p %z %Z"
_DATE = re.compile(r"(?:%[YmdHMSyjIpzZ%]|[^%]){1,60}")


class Pattern(Protocol):
    def search(self, text: str) -> object | None: ...
    def fullmatch(self, text: str) -> object | None: ...


@lru_cache(maxsize=256)
def pattern(text: str) -> Pattern:
    """In RE2's notation. Raises ValueError for what is none, as look-around and back-references are."""
    options = re2.Options()
    options.log_errors = False
    try:
        return cast(Pattern, re2.compile(text, options))
    except re2.error as error:
        raise ValueError(f"this is no regular expression in RE2's notation: {_said(error)}") from None


def _said(error: Exception) -> str:
    said = error.args[0] if error.args else ""
    return said.decode(errors="replace") if isinstance(said, bytes) else str(said)


@lru_cache(maxsize=256)
def template(text: str) -> Template:
    """Raises ValueError for a mistake, and for anything beyond variables, filters and {% if %}."""
    try:
        for node in _nodes(_environment.parse(text)):
            _check(node)
        return _environment.from_string(text)
    except TemplateError as error:
        raise ValueError(f"the template cannot be read: {error}") from None
    except RecursionError:
        raise ValueError("the template is nested too deeply") from None


def written(text: str, words: Mapping[str, Any]) -> str:
    """The template filled in. Raises ValueError where it asks for what is not there."""
    known = template(text)
    try:
        return known.render(words)
    except (TemplateError, TypeError, ValueError, ArithmeticError) as error:
        raise ValueError(f"the request template does not fit ({type(error).__name__})") from None


def _nodes(tree: nodes.Node) -> Iterator[nodes.Node]:
    level = [tree]
    for _ in range(_DEEPEST):
        yield from level
        level = [child for node in level for child in node.iter_child_nodes()]
        if not level:
            return
    raise RecursionError


def _check(node: nodes.Node) -> None:
    if not isinstance(node, _ALLOWED):
        raise ValueError(
            f"the template uses {type(node).__name__}: there are {{{{ variables }}}}, filters and {{% if %}}"
        )
    if isinstance(node, nodes.Filter) and node.name not in FILTERS:
        raise ValueError(f"the template uses the filter {node.name!r}: there are {', '.join(FILTERS)}")
    if isinstance(node, nodes.Filter) and node.name == "date" and not _is_date(node):
        raise ValueError(f"a date is written like {{{{ update.at | date('%Y-%m-%d') }}}}, with {_DIRECTIVES}")
    if isinstance(node, nodes.Name) and node.name not in VARIABLES:
        raise ValueError(f"the template uses {node.name!r}: there are {' and '.join(VARIABLES)}")
    if isinstance(node, nodes.Getattr) and not isinstance(node.node, nodes.Name):
        raise ValueError("the template looks inside a value: only account.… and update.… can be named")


def _is_date(node: nodes.Filter) -> bool:
    match node.args:
        case [nodes.Const(value=str(form))]:
            return _DATE.fullmatch(form) is not None
        case _:
            return False


def _json(value: object) -> str:
    return json.dumps(value.isoformat() if isinstance(value, datetime) else value)


def _date(value: datetime | str | None, form: str) -> str:
    if value is None:
        return ""
    at = datetime.fromisoformat(value) if isinstance(value, str) else value
    return at.strftime(form)


_environment = ImmutableSandboxedEnvironment(undefined=StrictUndefined, keep_trailing_newline=True)
_environment.globals.clear()
_environment.filters["date"] = _date
_environment.filters["json"] = _json
_environment.filters["xml"] = lambda value: escape(str(value), {'"': "&quot;"})
_environment.filters["url"] = lambda value: quote(str(value), safe="")
