"""Pictures drawn in a process of their own, one at a time: a picture of 200 KB may unpack to hundreds of
megabytes, which a process that serves everybody must not take, nor keep."""

import asyncio
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE
from contextlib import suppress

from shared.problems import unavailable

from portal_api.pictures import LONGEST_SIDE, MOST_SECONDS, REFUSED, TOO_LARGE, Jpeg, PictureRefused

MOST_WAITING = 8
"""Pictures that may wait while another is drawn."""
_PATIENCE = 3 * MOST_SECONDS  # seconds of the clock: a busy machine says nothing of a picture


class Pictures:
    """One picture at a time for the whole process."""

    def __init__(self) -> None:
        self.free = asyncio.Lock()
        self.waiting = 0

    async def draw(self, data: bytes, longest: int = LONGEST_SIDE) -> Jpeg:
        """The picture as `pictures.redraw` makes it. Raises PictureRefused, and the 503 problem where many
        pictures wait already."""
        if self.waiting > MOST_WAITING:
            raise unavailable("Many pictures are being looked at just now", 10)
        self.waiting += 1
        try:
            async with self.free:
                return await _drawn(data, longest)
        finally:
            self.waiting -= 1


async def _drawn(data: bytes, longest: int) -> Jpeg:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "portal_api.pictures", str(longest)),
        stdin=PIPE,
        stdout=PIPE,
        stderr=DEVNULL,
        env={"PATH": os.environ.get("PATH", "")},  # no secret of ours
    )
    try:
        async with asyncio.timeout(_PATIENCE):
            said, _ = await process.communicate(data)
    except TimeoutError:
        raise PictureRefused(TOO_LARGE) from None
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    if process.returncode == REFUSED:
        raise PictureRefused(said.decode())
    if process.returncode:  # it was ended at one of its bounds
        raise PictureRefused(TOO_LARGE)
    sides, _, jpeg = said.partition(b"\n")
    width, height = map(int, sides.split())
    return Jpeg(jpeg, width, height)
