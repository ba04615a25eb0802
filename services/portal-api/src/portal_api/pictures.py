"""Pictures that people send: looked at by content, and drawn anew, so that nothing else in the file stays
(where it was taken, by what, scripts behind the picture).

`python -m portal_api.pictures SIDE` draws the one on its standard input, within bounds of memory and time,
and ends: what it took goes back to the machine.
"""

import io
import resource
import sys
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from PIL.Image import Image

FORMATS = ("JPEG", "PNG", "WEBP")
LONGEST_SIDE = 2048
MOST_PIXELS = 12_000_000
"""Of a PNG or WebP, which are unpacked whole: a telephone's screen has four million."""
MOST_PIXELS_OF_A_JPEG = 50_000_000
"""A JPEG is unpacked no larger than is needed."""
MOST_BYTES = 400_000_000
"""Of memory that the process may take."""
MOST_SECONDS = 20
"""Of a processor."""
REFUSED = 3
"""Exit status; standard output says why."""


TOO_LARGE = "This picture has too many pixels: send a smaller one."


class PictureRefused(Exception):
    """Says in the sender's words what to do."""


class Jpeg(NamedTuple):
    data: bytes
    width: int
    height: int


def redraw(data: bytes, longest: int = LONGEST_SIDE) -> Jpeg:
    """An upright JPEG, neither side longer than `longest` pixels, without metadata. Raises PictureRefused for
    what is no picture, is cut off, or has more pixels than MOST_PIXELS, which is seen before it is
    unpacked."""
    from PIL import Image  # a thirtieth of the start, and pictures are rare

    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as found:
            most = MOST_PIXELS_OF_A_JPEG if found.format == "JPEG" else MOST_PIXELS
            if found.width * found.height > most:
                raise PictureRefused(TOO_LARGE)
            return _drawn(found, longest)
    except PictureRefused:
        raise
    except MemoryError:
        raise PictureRefused(TOO_LARGE) from None
    except Exception:  # a decoder that is given nonsense raises nearly anything
        raise PictureRefused("This is no picture that can be read: send a JPEG, PNG or WebP.") from None


def _drawn(found: "Image", longest: int) -> Jpeg:
    from PIL import Image, ImageOps

    found.draft("RGB", (longest, longest))  # a JPEG is unpacked no larger than is needed
    picture = ImageOps.exif_transpose(found)
    picture.thumbnail((longest, longest))
    if picture.has_transparency_data:
        layer = picture.convert("RGBA")
        picture = Image.new("RGB", layer.size, "white")
        picture.paste(layer, mask=layer.getchannel("A"))
    out = io.BytesIO()
    picture.convert("RGB").save(out, "JPEG", quality=85, optimize=True, exif=b"")
    return Jpeg(out.getvalue(), picture.width, picture.height)


def main() -> int:
    from PIL import Image  # before the bound, so that the library itself does not count

    Image.init()
    with open("/proc/self/statm", encoding="ascii") as file:
        now = int(file.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (now + MOST_BYTES, now + MOST_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (MOST_SECONDS, MOST_SECONDS + 1))
    try:
        made = redraw(sys.stdin.buffer.read(), int(sys.argv[1]))
    except PictureRefused as refused:
        sys.stdout.buffer.write(str(refused).encode())
        return REFUSED
    sys.stdout.buffer.write(f"{made.width} {made.height}\n".encode() + made.data)
    return 0


if __name__ == "__main__":
    sys.exit(main())
