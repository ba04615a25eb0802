"""A payments service that gets one request and dies where CALLBOARD_FAULT_POINT says:
`python killed_charge.py <database url> <path> <body as JSON, or nothing to GET it>`. Its Idempotency-Key is
the path."""

import asyncio
import json
import sys

from harness import at_work, client
from payments.service import service


async def main(url: str, path: str, body: str) -> None:
    async with at_work(service, url) as running, client(running, "office.admin") as office:
        if body:
            await office.post(path, json=json.loads(body), headers={"Idempotency-Key": path})
        else:
            await office.get(path)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
