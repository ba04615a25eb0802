"""XML for gateways: bounded reading without entities, writing with everything escaped."""

import html
import re
from collections.abc import Collection
from typing import Any
from xml.parsers.expat import ExpatError

import xmltodict

LARGEST = 1_000_000
DEEPEST = 24
NOT_XML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")

Element = tuple[str, "str | list[Element]"]


def write(name: str, content: str | list[Element], attributes: str = "") -> str:
    """One element, its children in order. Characters that XML cannot hold are dropped."""
    inner = escaped(content) if isinstance(content, str) else "".join(write(*child) for child in content)
    return f"<{name}{attributes}>{inner}</{name}>"


def escaped(text: str) -> str:
    return html.escape(NOT_XML.sub("", text), quote=False)


def read(body: bytes, *, many: Collection[str] = ()) -> dict[str, Any] | None:
    """The document as nested dicts without namespace prefixes; the elements named in `many` are lists. None
    where it is no document, declares entities, is over 1 MB or too deep. Bytes, because the document says
    its own encoding; an external DTD is not fetched."""

    def keep(path: list[Any], key: str, value: Any) -> tuple[str, Any]:
        if len(path) > DEEPEST:
            raise ValueError("too deep")
        return key if key.startswith("@") else key.rpartition(":")[2], value

    if not body.strip() or len(body) > LARGEST:
        return None
    try:
        return xmltodict.parse(
            body, postprocessor=keep, force_list=lambda _, key, __: key.rpartition(":")[2] in many
        )
    except (ExpatError, ValueError, LookupError, RecursionError):
        return None
