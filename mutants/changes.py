"""The small mistakes that are planted in a file: mutmut's, without those that only change a text that people
read, and with a few of the mistakes that reviews miss (a call left out, a condition turned round, two
arguments swapped)."""

import ast
import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import libcst as cst
import libcst.matchers as m
from libcst.metadata import MetadataWrapper, PositionProvider
from mutmut.mutation import mutators
from mutmut.mutation.file_mutation import Mutation, MutationVisitor
from mutmut.mutation.pragma_handling import IgnoredCode

_LOG = m.Call(func=m.Attribute(value=m.Name("log")))
_TYPES = m.Subscript(value=m.Name("Literal")) | m.Call(func=m.Name("TypeVar"))
_ALIAS = m.Assign(value=_TYPES | m.Subscript(value=m.Name("Mapping")))
_LEFT_ALONE = m.Expr(value=_LOG) | _TYPES | _ALIAS | m.Import() | m.ImportFrom()
_ANY_ORDER = m.Name("min") | m.Name("max")


@dataclass(frozen=True)
class Mutant:
    """`lines`: of the statement that was changed, first and last."""

    code: str
    diff: str
    lines: tuple[int, int]


def _name(node: cst.SimpleString) -> Iterable[cst.CSTNode]:
    """A string without blanks is a name of something; the others are for people."""
    text = node.evaluated_value
    if (
        isinstance(text, str)
        and text
        and not any(each.isspace() for each in text)
        and '"""' not in node.value
    ):
        quote = node.value[-1]
        yield node.with_changes(value=f"{node.value[:-1]}XX{quote}")


def _arguments(node: cst.Call) -> Iterable[cst.CSTNode]:
    """Each argument left out (the only one: None), and the first two swapped."""
    args = node.args
    if len(args) == 1 and not args[0].star and not m.matches(args[0].value, m.Name("None")):
        yield node.with_changes(args=[args[0].with_changes(value=cst.Name("None"))])
    for i in range(len(args) if len(args) > 1 else 0):
        yield node.with_changes(args=[*args[:i], *args[i + 1 :]])
    swappable = len(args) > 1 and not m.matches(node.func, _ANY_ORDER)
    if swappable and not any(each.keyword or each.star for each in args[:2]):
        first, second = args[0], args[1]
        swapped = [first.with_changes(value=second.value), second.with_changes(value=first.value)]
        yield node.with_changes(args=[*swapped, *args[2:]])


def _left_out(node: cst.Expr) -> Iterable[cst.CSTNode]:
    if m.matches(node.value, m.Call() | m.Await()):
        yield cst.Pass()


def _turned_round(node: cst.If) -> Iterable[cst.CSTNode]:
    test = node.test.with_changes(lpar=[cst.LeftParen()], rpar=[cst.RightParen()])
    yield node.with_changes(test=cst.UnaryOperation(cst.Not(), test))


_REPLACED = (mutators.operator_string, mutators.operator_arg_removal)
OPERATORS = [each for each in mutators.mutation_operators if each[1] not in _REPLACED] + [
    (cst.SimpleString, _name),
    (cst.Call, _arguments),
    (cst.Expr, _left_out),
    (cst.If, _turned_round),
]


class _Visitor(MutationVisitor):
    """`found`: each mutation with its line."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.found: list[tuple[Mutation, int]] = []
        self._line = 1

    def on_visit(self, node: cst.CSTNode) -> bool:
        where = self.get_metadata(PositionProvider, node, None)
        self._line = where.start.line if where else self._line
        return not m.matches(node, _LEFT_ALONE) and super().on_visit(node)

    def _create_mutations(self, node: cst.CSTNode) -> None:
        super()._create_mutations(node)
        self.found += [(each, self._line) for each in self.mutations[len(self.found) :]]


def mutants(code: str) -> Iterable[Mutant]:
    wrapper = MetadataWrapper(cst.parse_module(code))
    visitor = _Visitor(OPERATORS, IgnoredCode(set(), set(), set()))
    module = wrapper.visit(visitor)
    # the statements of the file one by one: to build the whole anew for each mutant takes ten times as long
    parts = [module.with_changes(body=[]).code_for_node(each) for each in module.body]
    head = code[: len(code) - len("".join(parts))] if code.endswith("".join(parts)) else ""
    where = {id(node): i for i, statement in enumerate(module.body) for node in _all(statement)}
    spans, seen = _spans(code), {code}
    for each, line in visitor.found:
        i = where[id(each.original_node)]
        new: Any = module.body[i].deep_replace(each.original_node, each.mutated_node)
        mutated = head + "".join([*parts[:i], module.code_for_node(new), *parts[i + 1 :]])
        if mutated not in seen and _compiles(mutated):
            seen.add(mutated)
            lines = difflib.unified_diff(code.splitlines(), mutated.splitlines(), n=0, lineterm="")
            diff = "\n".join(text for text in lines if not text.startswith(("---", "+++", "@@")))
            yield Mutant(mutated, diff, spans.get(line, (line, line)))


def _all(node: cst.CSTNode) -> Iterable[cst.CSTNode]:
    yield node
    for child in node.children:
        yield from _all(child)


def _compiles(code: str) -> bool:
    try:
        compile(code, "mutant", "exec")
    except SyntaxError:
        return False
    return True


def _spans(code: str) -> dict[int, tuple[int, int]]:
    """By line, the statement it belongs to; of what has a body only the head."""
    spans: dict[int, tuple[int, int]] = {}
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.stmt | ast.match_case):
            first = node.lineno if isinstance(node, ast.stmt) else node.pattern.lineno
            body = getattr(node, "body", None)
            last = max(body[0].lineno - 1, first) if body else getattr(node, "end_lineno", first)
            spans |= dict.fromkeys(range(first, last + 1), (first, last))
    return spans
