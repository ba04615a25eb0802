"""An XML document as a plain tree, in one bounded pass: no DTD, no entity of its own, nothing fetched.

Names are local names. Elements of another namespace than the root's never match; those without one do, as
schemas with unqualified local elements write them.
"""

import re
from xml.parsers import expat

from mail_ingest.parsing import charset, headers
from mail_ingest.parsing.refused import Place, Refused

MAX_BYTES = 1024 * 1024
MAX_DEPTH = 50
MAX_TAGS = 20_000

_DECLARED = re.compile(rb"""\s*<\?xml[^>]{0,200}?\sencoding\s*=\s*["']([A-Za-z0-9._:-]{1,40})["']""")


class Element:
    """`texts` are the pieces of the element's own text, around its comments and children."""

    __slots__ = ("attributes", "children", "name", "texts")

    def __init__(self, name: str, attributes: dict[str, str]) -> None:
        self.name = name
        self.attributes = attributes
        self.children: list[Element] = []
        self.texts: list[str] = []

    def all(self, name: str) -> "list[Element]":
        return [child for child in self.children if child.name == name]

    def first(self, name: str) -> "Element | None":
        return next((child for child in self.children if child.name == name), None)

    def text(self) -> str:
        return "".join(self.texts)


def read(document: bytes, label: str | None = None) -> Element:
    """The root of `document`; `label` is the charset that its MIME part claims.

    Raises Refused: xml_limits, encoding, dtd, malformed.
    """
    if len(document) > MAX_BYTES:
        raise Refused(
            "xml_limits", f"The XML document is over {MAX_BYTES} bytes: no dispatch is. Look at the raw mail."
        )
    declared = _DECLARED.match(document.removeprefix(b"\xef\xbb\xbf"))
    try:
        text = charset.decode(document, (declared and declared[1].decode("ascii"), label)).lstrip()
    except UnicodeError as error:
        spot = _first_odd(document)
        where = f" The first doubtful letter is in line {spot.line}, column {spot.column}." if spot else ""
        raise Refused(
            "encoding",
            f"The XML document cannot be read without spoiling its letters: {error}.{where} "
            "Ask the sender for it in UTF-8, or correct it here.",
            spot,
        ) from None
    if text.count("<") > MAX_TAGS:
        raise Refused(
            "xml_limits", f"The XML document has over {MAX_TAGS} tags: no dispatch has. Look at the raw mail."
        )
    return _tree(text)


def _tree(text: str) -> Element:
    parser = expat.ParserCreate("utf-8", "\n")
    parser.buffer_text = True
    stack = [Element("", {})]
    push, pop = stack.append, stack.pop
    home = ""  # the root's namespace and the line feed that ends it

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal home
        if "\n" in name:
            if len(stack) == 1:
                home = name[: name.rindex("\n") + 1]
            name = _unqualified(home, name, attributes)
        element = Element(name, attributes)
        stack[-1].children.append(element)
        push(element)
        if len(stack) > MAX_DEPTH:
            raise Refused(
                "xml_limits", "The XML document nests deeper than any dispatch. Look at the raw mail.", here()
            )

    def characters(data: str) -> None:
        texts = stack[-1].texts
        if texts or not data.isspace():
            texts.append(data)

    def doctype(*_: object) -> None:
        raise Refused(
            "dtd", "The XML document has a DOCTYPE, which is never accepted. Remove that line.", here()
        )

    def here() -> Place:
        return place(text, parser.CurrentLineNumber, parser.CurrentColumnNumber)

    parser.StartElementHandler = start
    parser.EndElementHandler = lambda _name: pop()
    parser.CharacterDataHandler = characters
    parser.StartDoctypeDeclHandler = doctype
    try:
        parser.Parse(text, True)
    except expat.ExpatError as error:
        raise _damage(text, error) from None
    return stack[0].children[0]


def _first_odd(document: bytes) -> Place | None:
    """The first letter that is no UTF-8; what stands before it is."""
    try:
        document.decode("utf-8")
    except UnicodeDecodeError as error:
        before = document[: error.start].decode("utf-8")
        line_start = before.rfind("\n") + 1
        around = before[max(line_start, len(before) - 60) :] + "\ufffd"
        after = document[error.start + 1 : error.start + 60].partition(b"\n")[0].decode("ascii", "replace")
        return Place(before.count("\n") + 1, len(before) - line_start + 1, headers.safe(around + after))
    return None


def _damage(text: str, error: expat.ExpatError) -> Refused:
    spot = place(text, error.lineno, error.offset)
    return Refused(
        "malformed",
        f"The XML document breaks off or is damaged at line {spot.line}, column {spot.column}: "
        f"{expat.ErrorString(error.code)}. Correct it here, or ask the sender to send it again.",
        spot,
    )


def _unqualified(home: str, name: str, attributes: dict[str, str]) -> str:
    """`name` without the root's namespace; so with the attributes, where they do not stand there already."""
    if not name.startswith(home):
        return name
    for key in [key for key in attributes if key.startswith(home)]:
        attributes.setdefault(key[len(home) :], attributes[key])
    return name[len(home) :]


def place(text: str, line: int, offset: int) -> Place:
    """`line` counts from 1, `offset` from 0. The offset is in UTF-8 bytes, as expat counts."""
    lines = text.split("\n", line)
    whole = lines[line - 1] if len(lines) >= line else ""
    column = len(whole.encode()[:offset].decode("utf-8", "ignore"))
    return Place(line, column + 1, headers.safe(whole[max(0, column - 60) : column + 60]))
