"""Pictures that people send: looked at by content, and drawn anew, so that nothing else in the file stays
(where it was taken, by what, scripts behind the picture)."""

import io
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from PIL.Image import Image

FORMATS = ("JPEG", "PNG", "WEBP")
LONGEST_SIDE = 2048
MOST_PIXELS = 50_000_000


class PictureRefused(Exception):
    """Says in the sender's words what to do."""


class Jpeg(NamedTuple):
    data: bytes
    width: int
    height: int


def redraw(data: bytes, longest: int = LONGEST_SIDE) -> Jpeg:
    """An upright JPEG, neither side longer than `longest` pixels, without metadata. Raises PictureRefused for
    what is no picture, is cut off, or would unpack to more than 50 million pixels, which is seen before
    it is unpacked."""
    from PIL import Image  # a thirtieth of the start, and pictures are rare

    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as found:
            if found.width * found.height > MOST_PIXELS:
                raise PictureRefused("This picture has too many pixels: send a smaller one.")
            return _drawn(found, longest)
    except PictureRefused:
        raise
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
