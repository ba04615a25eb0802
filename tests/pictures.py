"""Pictures as people's telephones make them."""

import io

from PIL import Image


def jpeg(width: int = 60, height: int = 40, *, kind: str = "JPEG", **more: object) -> bytes:
    """The left half is red, the right half blue."""
    picture = Image.new("RGB", (width, height), "blue")
    picture.paste("red", (0, 0, width // 2, height))
    out = io.BytesIO()
    picture.save(out, kind, **more)
    return out.getvalue()


def with_place(width: int = 60, height: int = 40) -> bytes:
    """Says in its EXIF where it was taken, and that it lies on its side."""
    exif = Image.Exif()
    exif[0x0112] = 6  # orientation: turn by 90 degrees
    exif[0x010F] = "SecretPhoneMaker"
    exif.get_ifd(0x8825)[1] = "N"
    exif.get_ifd(0x8825)[2] = (32.0, 46.0, 33.0)
    return jpeg(width, height, exif=exif)
