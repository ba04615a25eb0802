"""A payments service that charges (or refunds) once and dies where CALLBOARD_FAULT_POINT says:
`python killed_charge.py <database url> <path> <body as JSON>`."""

import asyncio
import json
import sys

from harness import at_work, client
from payments.service import service


async def main(url: str, path: str, body: str) -> None:
    async with at_work(service, url) as running, client(running, "office.admin") as office:
        await office.post(path, json=json.loads(body))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
