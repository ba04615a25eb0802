"""The answers that a route can give because of what it declares, written once into the OpenAPI document."""

from typing import Any

_PROBLEM: dict[str, Any] = {
    "title": "Problem",
    "description": "What is wrong and what to do (RFC 9457). It never repeats what was sent.",
    "type": "object",
    "required": ["title", "status"],
    "properties": {
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "errors": {
            "type": "array",
            "description": "Where the request does not fit.",
            "items": {
                "type": "object",
                "required": ["pointer", "detail"],
                "properties": {"pointer": {"type": "string"}, "detail": {"type": "string"}},
            },
        },
    },
}
_CONTENT = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
_WORDS = {
    400: "The request cannot be read.",
    401: "Nobody is signed in, or the token has ended.",
    403: "The caller's role or scope does not allow it.",
    404: "There is no such thing, or it is somebody else's.",
    409: "It does not fit what is there.",
    412: "Somebody changed it in the meantime.",
    413: "The request is too large.",
    415: "The content type is not one that is taken here.",
    422: "The request does not fit.",
    428: "If-Match is missing.",
    429: "Too many requests: wait as long as Retry-After says.",
    503: "Nothing was changed: try again as Retry-After says.",
}


def add_problems(document: dict[str, Any]) -> None:
    """Completes every operation in place; a description that a route gives itself stays. Whatever is refused,
    is refused with a problem document. Raises ValueError where a service has a `Problem` of its own."""
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            _complete(path, method, operation)
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    if schemas.setdefault("Problem", _PROBLEM) is not _PROBLEM:
        raise ValueError("the schema Problem is taken: name yours otherwise")
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)


def _complete(path: str, method: str, operation: dict[str, Any]) -> None:
    parameters = operation.get("parameters", [])
    statuses = {503}
    if operation.get("x-roles", ["anyone"]) != ["anyone"]:
        statuses |= {401, 403}
    if "{" in path:
        statuses |= {404}
    if parameters:
        statuses |= {422}
    if any(each["name"].lower() == "if-match" for each in parameters):
        statuses |= {412, 428}
    if method != "get":
        statuses |= {404, 409, 422}
    if "requestBody" in operation:
        statuses |= {400, 413, 415, 422}
    responses = operation["responses"]
    for status in statuses | {int(each) for each in responses if each.isdigit() and int(each) >= 400}:
        given = responses.get(str(status), {})
        if given.get("description", "") in ("", "Validation Error"):  # FastAPI's own
            given = {"description": _WORDS.get(status, "Refused.")}
        responses[str(status)] = {"content": _CONTENT, **given}
    operation["responses"] = dict(sorted(responses.items()))
