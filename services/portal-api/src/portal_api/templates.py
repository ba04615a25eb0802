"""Wordings with variables: checked when saved, rendered in a sandbox. Knows neither database nor web.

A wording may say `{{ name }}`, `{{ name|default("customer") }}` and `{% if link %}…{% endif %}`, and no more:
no attributes, calls, loops, macros or arithmetic, so what a wording costs is bounded by its length.
"""

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from jinja2 import StrictUndefined, TemplateError, TemplateSyntaxError, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment
from shared.envelope import one_line

LONGEST_SUBJECT = 300
LONGEST_WORDING = 20_000
LONGEST_MAIL = 200_000
DEEPEST = 30
FILTERS = ("capitalize", "default", "lower", "title", "trim", "upper")

_ALLOWED = (
    nodes.Template,
    nodes.Output,
    nodes.TemplateData,
    nodes.Name,
    nodes.Const,
    nodes.If,
    nodes.CondExpr,
    nodes.Compare,
    nodes.Operand,
    nodes.And,
    nodes.Or,
    nodes.Not,
    nodes.Filter,
)
_WORDS: dict[type[nodes.Node], str] = {
    nodes.Getattr: "attributes (a.b)",
    nodes.Getitem: "parts of a value (a[0])",
    nodes.Call: "calls (a())",
    nodes.For: "loops",
    nodes.Macro: "macros",
    nodes.Assign: "{% set %}",
}


class WordingRefused(ValueError):
    """The wording cannot be used; the message says why, for the person who wrote it."""


class Wording(NamedTuple):
    subject: str
    text: str
    html: str


def check(wording: Wording, variables: Collection[str]) -> None:
    """Raises WordingRefused: a mistake in the syntax, an unknown variable, something that is not allowed."""
    if "\n" in wording.subject or "\r" in wording.subject:
        raise WordingRefused("The subject must be one line.")
    limits = (LONGEST_SUBJECT, LONGEST_WORDING, LONGEST_WORDING)
    for name, source, limit in zip(Wording._fields, wording, limits, strict=True):
        if len(source) > limit:
            raise WordingRefused(f"The {name} is longer than {limit} characters.")
        try:
            found = _nodes(_TEXT.parse(source))
        except TemplateSyntaxError as error:
            raise WordingRefused(f"The {name}, line {error.lineno}: {error.message}") from None
        except RecursionError:
            raise WordingRefused(f"The {name} is nested too deeply.") from None
        for node in found:
            _check_node(name, node, variables)


def render(wording: Wording, values: Mapping[str, Any]) -> Wording:
    """The mail's subject (one line), text and HTML. Raises WordingRefused."""
    subject = _rendered(_TEXT, "subject", wording.subject, values)
    return Wording(
        subject=one_line(subject)[:LONGEST_SUBJECT],
        text=_rendered(_TEXT, "text", wording.text, values),
        html=_rendered(_HTML, "html", wording.html, values),
    )


def _check_node(name: str, node: nodes.Node, variables: Collection[str]) -> None:
    if not isinstance(node, _ALLOWED):
        what = _WORDS.get(type(node), f"“{type(node).__name__}”")
        raise WordingRefused(f"The {name} uses {what}; a wording may use {{{{ name }}}} and {{% if %}} only.")
    if isinstance(node, nodes.Filter) and node.name not in FILTERS:
        raise WordingRefused(f"The {name} uses the filter {node.name!r}; there are: {', '.join(FILTERS)}.")
    if isinstance(node, nodes.Name) and node.name not in variables:
        known = ", ".join(sorted(variables))
        raise WordingRefused(f"The {name} uses the unknown variable {node.name!r}; there are: {known}.")


def _nodes(tree: nodes.Node) -> list[nodes.Node]:
    """All of them. Raises RecursionError where a compiler might."""
    found, level = list[nodes.Node](), [tree]
    for _ in range(DEEPEST):
        found += level
        level = [child for node in level for child in node.iter_child_nodes()]
        if not level:
            return found
    raise RecursionError


def _rendered(
    environment: ImmutableSandboxedEnvironment, name: str, source: str, values: Mapping[str, Any]
) -> str:
    pieces, length = list[str](), 0
    try:
        for piece in environment.from_string(source).generate(values):
            pieces.append(piece)
            length += len(piece)
            if length > LONGEST_MAIL:
                raise WordingRefused(f"The {name} becomes longer than {LONGEST_MAIL} characters.")
    except (TemplateError, TypeError, ValueError) as error:
        if isinstance(error, WordingRefused):
            raise
        raise WordingRefused(f"The {name} cannot be written: {error}") from None
    return "".join(pieces)


def _environment(*, autoescape: bool) -> ImmutableSandboxedEnvironment:
    made = ImmutableSandboxedEnvironment(
        autoescape=autoescape, undefined=StrictUndefined, keep_trailing_newline=True, trim_blocks=True
    )
    made.globals.clear()
    return made


_TEXT, _HTML = _environment(autoescape=False), _environment(autoescape=True)
