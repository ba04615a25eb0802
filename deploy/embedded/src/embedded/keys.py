"""`callboard rotate-key`: every stored secret is sealed anew, with a new key where the folder has the key."""

import asyncio
import os
import sys
from pathlib import Path

from shared.rotation import rotate

from embedded.data import AlreadyRunning, Data, open_data
from embedded.house import open_services


def rotate_key(root: Path) -> int:
    """The exit status: 1 where something cannot be opened, 2 where no Callboard is there, or one runs."""
    data = open_data(root)
    if not data.key_file.exists() and "CALLBOARD_SECRET_KEY" not in os.environ:
        print(f"There is no Callboard in {data.root}. Name its folder with --data.", file=sys.stderr)
        return 2
    try:
        with data.locked():
            if "CALLBOARD_SECRET_KEY" not in os.environ:
                data.replace_key()
            return asyncio.run(_rotated(data))
    except AlreadyRunning as error:
        print(f"{error} Stop it first: it seals with the key that it started with.", file=sys.stderr)
        return 2


async def _rotated(data: Data) -> int:
    count, unreadable = 0, list[str]()
    for running in open_services(data).values():
        try:
            found = await rotate(running)
        finally:
            await running.database.close()
        count += found.anew
        unreadable += found.unreadable
    print(f"{count} sealed anew")
    for place in unreadable:
        print(f"no key opens {place}: name its key, or enter the secret again", file=sys.stderr)
    return 1 if unreadable else 0
