"""Pictures: what stays of them, and what is no picture."""

import asyncio
import io
import signal
import struct
import subprocess
import sys
import zlib
from resource import RUSAGE_SELF, getrusage

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pictures import jpeg, with_place
from PIL import Image
from portal_api.pictures import LONGEST_SIDE, REFUSED, PictureRefused, redraw
from portal_api.tools.pictures import MOST_WAITING, Pictures
from shared.problems import Problem


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def bomb(side: int) -> bytes:
    """A PNG that says it is very large and is very small."""
    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(b"\0"))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_it_is_drawn_anew_and_fits(kind: str) -> None:
    made = redraw(jpeg(3000, 1000, kind=kind))
    assert (made.width, made.height) == (LONGEST_SIDE, 683)
    with Image.open(io.BytesIO(made.data)) as found:
        assert (found.format, found.size, found.mode) == ("JPEG", (2048, 683), "RGB")
        red = found.getpixel((10, 10))
        assert isinstance(red, tuple)
        assert red[0] > 200 > 60 > red[2]


def test_where_it_was_taken_does_not_stay_and_it_is_upright() -> None:
    sent = with_place(60, 40)
    assert b"SecretPhoneMaker" in sent
    made = redraw(sent)
    assert (made.width, made.height) == (40, 60)
    assert b"SecretPhoneMaker" not in made.data
    assert b"Exif" not in made.data
    with Image.open(io.BytesIO(made.data)) as found:
        assert not found.getexif()
        assert not found.info.get("icc_profile")


def test_what_is_behind_the_picture_does_not_stay() -> None:
    assert b"<script>" not in redraw(jpeg() + b"<script>alert(1)</script>").data


def test_what_is_clear_becomes_white() -> None:
    out = io.BytesIO()
    Image.new("RGBA", (20, 20), (0, 0, 0, 0)).save(out, "PNG")
    with Image.open(io.BytesIO(redraw(out.getvalue()).data)) as found:
        assert found.getpixel((5, 5)) == (255, 255, 255)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"not a picture",
        b"%PDF-1.7",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        jpeg(kind="GIF"),
        jpeg()[:300],
    ],
    ids=["empty", "text", "pdf", "svg", "gif", "cut off"],
)
def test_what_is_no_picture_is_refused(data: bytes) -> None:
    with pytest.raises(PictureRefused, match="send a JPEG"):
        redraw(data)


@pytest.mark.parametrize("side", [8000, 20_000, 60_000])
def test_a_bomb_is_not_unpacked(side: int) -> None:
    with pytest.raises(PictureRefused):
        redraw(bomb(side))


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_more_pixels_than_a_telephone_has_are_not_unpacked(kind: str) -> None:
    with pytest.raises(PictureRefused, match="too many pixels"):
        redraw(jpeg(3001, 4000, kind=kind))
    assert redraw(jpeg(4000, 3000, kind=kind)).width == LONGEST_SIDE


def test_a_jpeg_of_many_pixels_is_unpacked_small() -> None:
    assert redraw(jpeg(8000, 6000)).width == LONGEST_SIDE


async def test_pictures_are_drawn_one_at_a_time_outside_this_process() -> None:
    """Four of the largest that are taken, at once: this process grows by less than one of them."""
    pictures, sent = Pictures(), jpeg(4000, 3000, kind="PNG")
    before = getrusage(RUSAGE_SELF).ru_maxrss
    made = await asyncio.gather(*(pictures.draw(sent) for _ in range(4)))
    assert {(each.width, each.height) for each in made} == {(LONGEST_SIDE, 1536)}
    assert getrusage(RUSAGE_SELF).ru_maxrss - before < 20_000  # KB; unpacked it has 36 MB


async def test_what_is_refused_there_is_refused_here() -> None:
    with pytest.raises(PictureRefused, match="too many pixels"):
        await Pictures().draw(bomb(8000))
    with pytest.raises(PictureRefused, match="send a JPEG"):
        await Pictures().draw(b"<svg/>")


@pytest.mark.parametrize(
    ("bound", "status"), [("MOST_BYTES=20_000_000", REFUSED), ("MOST_SECONDS=0", -signal.SIGXCPU)]
)
def test_what_a_picture_may_take_is_bounded(bound: str, status: int) -> None:
    started = f"import sys; from portal_api import pictures; pictures.{bound}; sys.exit(pictures.main())"
    sent = jpeg(4000, 3000, kind="PNG")
    made = subprocess.run([sys.executable, "-c", started, "2048"], input=sent, capture_output=True)
    assert made.returncode == status


async def test_more_than_a_few_pictures_do_not_wait() -> None:
    pictures, sent = Pictures(), jpeg(100, 100)
    async with pictures.free:
        waiting = [asyncio.ensure_future(pictures.draw(sent)) for _ in range(MOST_WAITING + 1)]
        await asyncio.sleep(0)
        with pytest.raises(Problem) as refused:
            await pictures.draw(sent)
        assert refused.value.status == 503
        for each in waiting[1:]:
            each.cancel()
    assert (await waiting[0]).width == 100
    assert pictures.waiting == 0


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_broken_picture_is_drawn_or_refused(data: st.DataObject) -> None:
    sent = bytearray(jpeg(kind=data.draw(st.sampled_from(["JPEG", "PNG", "WEBP"]))))
    for _ in range(data.draw(st.integers(1, 8))):
        sent[data.draw(st.integers(0, len(sent) - 1))] = data.draw(st.integers(0, 255))
    try:
        made = redraw(bytes(sent))
    except PictureRefused:
        return
    assert made.data[:2] == b"\xff\xd8"
