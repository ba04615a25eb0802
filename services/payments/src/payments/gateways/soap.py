"""SOAP 1.1 as MERCHANTWARE speaks it."""

from collections.abc import Collection
from typing import cast

import httpx

from payments.gateways.base import Result
from payments.gateways.nested import child, text
from payments.gateways.transport import UNREADABLE, Answer, exchange
from payments.gateways.xml import Element, read, write

ENVELOPE = "http://schemas.xmlsoap.org/soap/envelope/"
WRONG_CREDENTIALS = "invalid credentials"


def envelope(operation: str, namespace: str, content: list[Element]) -> bytes:
    body = write(operation, content, f' xmlns="{namespace}"')
    start = f'<?xml version="1.0" encoding="utf-8"?><soap:Envelope xmlns:soap="{ENVELOPE}"><soap:Body>'
    return f"{start}{body}</soap:Body></soap:Envelope>".encode()


async def call(
    client: httpx.AsyncClient, url: str, operation: str, namespace: str, content: list[Element]
) -> Answer | Result:
    headers = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": f'"{namespace}{operation}"'}
    body = envelope(operation, namespace, content)
    return await exchange(client, "POST", url, headers=headers, content=body)


def outcome(
    answer: Answer | Result, operation: str, *, many: Collection[str] = ()
) -> dict[str, object] | Result:
    """What is inside `<operation>Result`, whatever the HTTP status; a fault is a Result. An empty element
    is an empty dict."""
    if isinstance(answer, Result):
        return answer
    body = child(read(answer.body, many=many), "Envelope", "Body")
    if isinstance(fault := child(body, "Fault"), dict):
        return _fault(fault)
    response = child(body, f"{operation}Response")
    if not isinstance(response, dict) or f"{operation}Result" not in response:
        return UNREADABLE
    found = child(response, f"{operation}Result")
    return (
        cast("dict[str, object]", found) if isinstance(found, dict) else {} if found is None else UNREADABLE
    )


def _fault(fault: object) -> Result:
    """A client fault never reached the operation; behind any other the money may have moved."""
    code = text(fault, "faultcode") or ""
    message = (text(fault, "faultstring") or "").rpartition("--->")[2].strip() or None
    if WRONG_CREDENTIALS in (message or "").lower():
        return Result(outcome="error", kind="configuration", code=code, message=message, retry="after_fix")
    if code.rpartition(":")[2].lower() == "client":
        return Result(outcome="error", code=code, message=message, retry="after_fix")
    return Result(outcome="unknown", code=code or None, message=message, retry="lookup")
