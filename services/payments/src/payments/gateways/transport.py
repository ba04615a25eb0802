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
    """The gateway's answer, whatever it says, or the Result of having none. Answers over 4 MB are not
    read."""
    try:
        request = client.build_request(method, url, headers=headers, content=content)
        answer = await client.send(request, stream=True, follow_redirects=False)
    except NEVER_SENT as error:
        return never_sent(error)
    except Exception as error:
        return lost(error)
    try:
        body = bytearray()
        async for chunk in answer.aiter_bytes():
            body += chunk
            if len(body) > LARGEST:
                return Result(outcome="unknown", message="The answer is too long to be one.", retry="lookup")
    except Exception as error:
        return lost(error)
    finally:
        await answer.aclose()
    return Answer(status=answer.status_code, headers=dict(answer.headers), body=bytes(body))


def never_sent(error: Exception) -> Result:
    return Result(
        outcome="error",
        kind="unreachable",
        message=f"The gateway could not be reached ({type(error).__name__}). Nothing was sent.",
        retry="same_key",
    )


def lost(error: Exception) -> Result:
    """The text of `error` may hold what was sent; its name is enough."""
    message = f"No answer from the gateway ({type(error).__name__})."
    return Result(outcome="unknown", message=message, retry="lookup")


def unreadable(answer: Answer) -> Result:
    """An answer that is no answer of this gateway: an error page, half a document, another operation's."""
    return Result(
        outcome="unknown",
        message=f"The gateway's answer (HTTP {answer.status}) is not understood.",
        retry="lookup",
    )
