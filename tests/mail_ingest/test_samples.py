"""Each of the synthetic mails gets its answer, to the last field."""

import email
import json
import re
from collections.abc import Iterator
from email.message import Message
from pathlib import Path
from typing import Any

import pytest
from letters import RULES
from mail_ingest import verdict
from mail_ingest.formats import neutral
from mail_ingest.parsing import headers, mime
from mail_ingest.repeats import judge

MAILS = Path(__file__).parent / "mails"
ANSWERS: list[dict[str, Any]] = [
    json.loads(line) for line in (MAILS / "answers.jsonl").read_text().splitlines()
]
JUDGED = list(judge(verdict.read((MAILS / answer["file"]).read_bytes(), RULES) for answer in ANSWERS))


def blanks(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: blanks(each) for key, each in value.items()}
    if isinstance(value, list):
        return [blanks(each) for each in value]
    return " ".join(value.split()) if isinstance(value, str) else value


def comparable(dispatch: dict[str, Any]) -> dict[str, Any]:
    same = blanks({key: value for key, value in dispatch.items() if key != "notes"})
    pairs = [(phone["type"], re.sub(r"\D", "", phone["number"])) for phone in same["phones"]]
    assert len(pairs) == len(set(pairs)), "each pair once"
    same["phones"] = set(pairs)
    same["text_consent"] = same["text_consent"] and re.sub(r"\D", "", same["text_consent"])
    same["email"] = same["email"] and same["email"].lower()
    same["fee"] = {key: None if value is None else float(value) for key, value in same["fee"].items()}
    return same


@pytest.mark.parametrize("at", range(len(ANSWERS)), ids=[answer["file"] for answer in ANSWERS])
def test_a_sample_gets_its_answer(at: int) -> None:
    answer, judged = ANSWERS[at], JUDGED[at]
    assert judged.outcome == answer["outcome"], judged.reason
    assert judged.verdict.message_id == answer["message_id"]
    if answer["subject"]:
        assert judged.verdict.subject == answer["subject"]
    if "dispatch" in answer:
        assert judged.verdict.content is not None
        found = neutral.dispatch(judged.verdict.content)
        assert json.loads(json.dumps(found)) == found
        assert found.keys() == answer["dispatch"].keys()
        assert comparable(found) == comparable(answer["dispatch"])
        stored = blanks(" ".join(found["notes"]))
        assert [note for note in answer["dispatch"]["notes"] if blanks(note) not in stored] == []


def test_a_cancellation_in_a_note_is_flagged() -> None:
    (at,) = (index for index, answer in enumerate(ANSWERS) if answer["kind"] == "cancel_by_note")
    assert any("cancellation" in warning for warning in JUDGED[at].verdict.warnings)


def leaves(message: Message) -> Iterator[tuple[str, bytes]]:
    if message.get_content_type().startswith("message/"):
        return
    if message.is_multipart():
        for inner in message.get_payload():
            assert isinstance(inner, Message)
            yield from leaves(inner)
    else:
        content = message.get_payload(decode=True)
        assert isinstance(content, bytes)
        yield message.get_content_type(), content


@pytest.mark.parametrize("file", [answer["file"] for answer in ANSWERS])
def test_parts_are_those_that_the_standard_library_finds(file: str) -> None:
    raw = (MAILS / file).read_bytes()
    fields, at = headers.read(raw)
    found = [(part.type, part.decoded()) for part in mime.read(raw, fields, at).leaves]
    assert found == list(leaves(email.message_from_bytes(raw)))
