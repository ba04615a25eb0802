"""The smallest request that a document allows: parameters and a body."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

Document = dict[str, Any]
Schema = Mapping[str, Any]

_FORMATS = {
    "uuid": "00000000-0000-7000-8000-000000000000",
    "email": "pat@example.com",
    "date": "2026-03-02",
    "date-time": "2026-03-02T08:00:00Z",
    "time": "08:00:00",
    "uri": "https://client.example/hook",
    "binary": "x",
    "password": "correct horse battery staple",
}
_WORDS = (
    "a",
    "1",
    "customers:read",
    "Pat Example",
    "651-555-0137",
    "123456",
    "USD",
    "Xx/@Id",
    "pat@example.com",
    "https://client.example/hook",
    "a" * 32,
)


def sample(schema: Schema, document: Document) -> Any:
    """A value that fits. Required members only, and of alternatives the first that is not null."""
    if "$ref" in schema:
        return sample(document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[-1]], document)
    for known in ("const", "default"):
        if schema.get(known) is not None:
            return schema[known]
    for known in ("enum", "examples"):
        if schema.get(known):
            return schema[known][0]
    for choice in ("anyOf", "oneOf", "allOf"):
        if choice in schema:
            return sample(next(each for each in schema[choice] if each.get("type") != "null"), document)
    return _of_type(schema, document)


def _of_type(schema: Schema, document: Document) -> Any:
    kind = schema.get("type", "object")
    if kind == "object":
        required = schema.get("required", ())
        return {
            name: sample(part, document)
            for name, part in schema.get("properties", {}).items()
            if name in required
        }
    if kind == "array":
        return [sample(schema["items"], document)] * schema.get("minItems", 0)
    if kind in ("integer", "number"):
        return int(schema.get("minimum", schema.get("exclusiveMinimum", 0) + 1))
    return False if kind == "boolean" else _text(schema)


def _text(schema: Schema) -> str:
    if schema.get("format") in _FORMATS:
        return _FORMATS[schema["format"]]
    fitting = (word for word in _WORDS if re.search(schema.get("pattern", ""), word))
    for word in fitting:
        if schema.get("minLength", 0) <= len(word) <= schema.get("maxLength", len(word)):
            return word
    raise AssertionError(f"tests/doors/samples.py has no word for {dict(schema)}: add one to _WORDS")


def body(operation: Document, document: Document) -> dict[str, Any]:
    """What httpx sends as the body."""
    content = operation.get("requestBody", {}).get("content", {})
    for kind, described in content.items():
        schema = described["schema"]
        if kind == "application/json":
            return {"json": sample(schema, document)}
        if kind == "application/x-www-form-urlencoded":
            return {"data": sample(schema, document)}
        if kind == "multipart/form-data":
            fields = sample(schema, document)
            return {"files": {name: ("photo.png", str(value).encode()) for name, value in fields.items()}}
        return {"content": b"From: pat@example.com\r\n\r\nhello\r\n", "headers": {"Content-Type": kind}}
    return {}


def query(operation: Document, document: Document, known: Mapping[str, str]) -> dict[str, Any]:
    """Its required query parameters; `known` names objects by `?name`."""
    return {
        each["name"]: known.get(f"?{each['name']}") or sample(each["schema"], document)
        for each in operation.get("parameters", [])
        if each["in"] == "query" and each.get("required")
    }


def with_examples(document: Document, known: Mapping[str, str]) -> Document:
    """The document, whose path parameters have as examples the objects that are there."""
    for path, operations in document["paths"].items():
        for each in (each for operation in operations.values() for each in operation.get("parameters", [])):
            key = path.partition(f"{{{each['name']}}}")
            if each["in"] == "path":
                each["example"] = known["".join(key[:2])]
    return document


def address(path: str, known: Mapping[str, str], service: str) -> str:
    """The path with its parameters filled in. An object is known by the path that leads to it."""
    filled = path
    for match in re.finditer(r"\{(\w+)\}", path):
        key = path[: match.end()]
        assert key in known, (
            f"{key} is new: make one in tests/doors/{service.replace('-', '_')}_objects.py, "
            "so that this door is tried like all others"
        )
        filled = filled.replace(match[0], quote(known[key], safe=""), 1)
    return filled
