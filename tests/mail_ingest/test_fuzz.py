"""Whatever comes in, a verdict comes out."""

import json
import pickle
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

from hypothesis import example, given, settings
from hypothesis import strategies as st
from letters import DOCUMENT, RULES, single
from mail_ingest import verdict
from mail_ingest.formats import ahs, neutral
from mail_ingest.parsing import headers
from mail_ingest.parsing.refused import Refused
from shared.events.content import content_key
from shared.events.dispatch import DispatchContent

SAMPLES = [path.read_bytes() for path in sorted((Path(__file__).parent / "mails").glob("*.eml"))]
PIECES = [
    b"\x00", b"\r", b"\n", b"\r\n\r\n", b" ", b"\xff", b"\xc3", b"=", b"==", b'"', b"(", b")",
    b"\\", b";", b"<", b"--", b"&#x0;", b"&amp;", b"]]>", b"<!--", b"<![CDATA[", b"<!DOCTYPE a>",
    b"=?utf-8?B?", b"?=", b"*0*=", b"Content-Type: multipart/mixed; boundary=b\r\n",
    b"Content-Transfer-Encoding: x\r\n", b"From: a@b\r\n", b">", b"''", b"charset=utf-16",
    b"charset=utf-7", b'filename*=bogus"', b"\xe2\x80\xa8\xed\x9f\xbf", b"\xed\xa0\x80",
]  # fmt: skip


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    raw = draw(st.sampled_from(SAMPLES))
    for _ in range(draw(st.integers(1, 6))):
        at, length = draw(st.integers(0, len(raw))), draw(st.sampled_from([0, 0, 1, 2, 40, 2000]))
        piece = draw(st.one_of(st.sampled_from(PIECES), st.binary(max_size=6), st.just(raw[at : at + 300])))
        raw = raw[:at] + piece + raw[at + length :]
    return raw


def whole(raw: bytes) -> None:
    found = verdict.read(raw, RULES)
    assert found.kind in ("dispatch", "unable", "ignored")
    assert found.code != "parser_failure", found.reason
    assert (found.content is not None) is (found.kind == "dispatch")
    assert bool(found.reason) is (found.kind != "dispatch")
    for text in (found.subject, found.sender, found.message_id, found.reason, *found.warnings):
        assert text == "".join(letter for letter in text if letter >= " " and not "\x7f" <= letter <= "\x9f")
        assert not set(text) & {"\u2028", "\u2029"}
        text.encode()
    assert pickle.loads(pickle.dumps(found)) == found
    if found.content:
        assert "\0" not in found.content.model_dump_json()
        assert len(content_key(found.content)) == 32
        json.dumps(neutral.dispatch(found.content))


@given(mutated())
@settings(max_examples=400, deadline=2000)
def test_damaged_samples_always_get_a_verdict(raw: bytes) -> None:
    whole(raw)


@given(st.binary(max_size=2000))
@example(b"")
@settings(max_examples=200, deadline=2000)
def test_rubbish_always_gets_a_verdict(body: bytes) -> None:
    whole(body)
    whole(single(body))


@given(st.text(max_size=1500))
@settings(max_examples=200, deadline=2000)
def test_any_document_is_a_dispatch_or_refused(text: str) -> None:
    at = DOCUMENT.index("<Contract ")
    for document in (text, DOCUMENT[:at] + text + DOCUMENT[at:]):
        with suppress(Refused):
            ahs.read(document.encode("utf-8", "surrogatepass"))


VALUES = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=60)


@given(VALUES, VALUES)
def test_a_value_is_stored_as_it_was_given(name: str, note: str) -> None:
    def quoted(text: str) -> str:
        return "".join(f"&#{ord(letter)};" if letter in "<&\"'" else letter for letter in text)

    if any(ord(letter) & 0xFFFE == 0xFFFE for letter in name + note):
        return  # no character of XML
    document = DOCUMENT.replace("JOSÉ O’NEIL", quoted(name)).replace(
        "</MessageNotes>", f"<MessageNotesDetail>{quoted(note)}</MessageNotesDetail></MessageNotes>"
    )
    found = ahs.read(document.encode()).content
    assert (found.people[0].name or "") == " ".join(name.split())
    assert not note.strip() or found.notes[-1].text == note.strip()
    assert DispatchContent.model_validate_json(found.model_dump_json()) == found


@given(st.text(max_size=400))
def test_safe_text_is_safe_and_stays(text: str) -> None:
    once = headers.safe(text)
    assert len(once) <= 200
    assert headers.safe(once) == once
    assert not any(letter < " " or "\x7f" <= letter <= "\x9f" or letter in "\u2028\u2029" for letter in once)


@given(
    st.text("MonJadFeb0123456789:+-, ()GMTZ\xff\n", max_size=60)
    | st.binary(max_size=60).map(lambda b: b.decode("latin-1"))
)
def test_whatever_stands_in_a_date_field_is_a_time_or_nothing(written: str) -> None:
    found = headers.date(written.encode("latin-1"))
    assert found is None or found.utcoffset() == timedelta(0)
