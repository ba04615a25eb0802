"""XML as the simulated gateways read and write it."""

import html
from typing import Any

import xmltodict
from fastapi import Response

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"


def read(body: bytes) -> dict[str, Any]:
    """Without namespace prefixes. Raises ValueError where it is no document."""
    try:
        return xmltodict.parse(body, postprocessor=lambda _, key, value: (key.rpartition(":")[2], value))
    except Exception as error:
        raise ValueError("no document") from error


def write(name: str, content: object, attributes: str = "") -> str:
    """A dict's values in its order; a list repeats its element; None is empty."""
    if isinstance(content, list):
        return "".join(write(name, each) for each in content)
    if isinstance(content, dict):
        inner = "".join(write(key, value) for key, value in content.items())
    else:
        inner = "" if content is None else html.escape(str(content), quote=False)
    return f"<{name}{attributes}>{inner}</{name}>"


def soap(operation: str, namespace: str, content: object) -> Response:
    inner = write(f"{operation}Response", {f"{operation}Result": content}, f' xmlns="{namespace}"')
    return _envelope(inner, 200)


def fault(code: str, message: str) -> Response:
    return _envelope(write("soap:Fault", {"faultcode": code, "faultstring": message}), 500)


def _envelope(inner: str, status: int) -> Response:
    start = f'<?xml version="1.0" encoding="utf-8"?><soap:Envelope xmlns:soap="{SOAP}"><soap:Body>'
    return Response(f"{start}{inner}</soap:Body></soap:Envelope>", status, media_type="text/xml")
