"""One HTTP exchange with a gateway, and what it means when there is none.

A request that surely never left is an error (nothing happened); anything else without an answer is unknown
(money may have moved). There is no retry and no redirect here.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import httpx

from payments.gateways.base import Result

TIMEOUT = httpx.Timeout(
    60, connect=5
)  # processors take 30 seconds and more; 10 is a known cause of duplicates
LARGEST = 4_000_000

UNREACHABLE = Result(outcome="error", kind="unreachable", retry="same_key")
LOST = Result(outcome="unknown", kind="no_answer", retry="lookup")
UNREADABLE = Result(outcome="unknown", kind="unreadable", retry="lookup")

NEVER_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.UnsupportedProtocol,
    httpx.LocalProtocolError,
    httpx.InvalidURL,
)


@dataclass(frozen=True, kw_only=True)
class Answer:
    """`headers` have lower-case names."""

    status: int
    headers: Mapping[str, str]
    body: bytes


async def exchange(
    client: httpx.AsyncClient,
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    content: bytes | None = None,
) -> Answer | Result:
    """The gateway's answer, whatever it says, or the Result of having none. An exception's text is not
    kept: it may hold what was sent. Answers over 4 MB are not read."""
    try:
        request = client.build_request(method, url, headers=headers, content=content)
        answer = await client.send(request, stream=True, follow_redirects=False)
    except NEVER_SENT:
        return UNREACHABLE
    except Exception:
        return LOST
    try:
        body = bytearray()
        async for chunk in answer.aiter_bytes():
            body += chunk
            if len(body) > LARGEST:
                return UNREADABLE
    except Exception:
        return LOST
    finally:
        await answer.aclose()
    return Answer(status=answer.status_code, headers=dict(answer.headers), body=bytes(body))
