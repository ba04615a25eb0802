"""The outcomes of mails that follow each other."""

import pytest
from letters import DOCUMENT, RULES, single
from mail_ingest import verdict
from mail_ingest.repeats import judge

NEW = single(DOCUMENT.encode())
CHANGED = single(DOCUMENT.replace("Refrigerator", "Oven").encode())
CANCELLED = single(DOCUMENT.replace('"NORMAL"', '"CANCEL"').encode())
OTHER = single(DOCUMENT.replace("40000001", "40000002").encode())
REBUILT = single(DOCUMENT.replace("\n", "\r\n").encode("utf-16"), "text/xml")


@pytest.mark.parametrize(
    ("mails", "outcomes"),
    [
        ([NEW, OTHER], "processed processed"),
        ([NEW, NEW, REBUILT], "processed duplicate duplicate"),
        ([NEW, CHANGED, NEW, CHANGED], "processed updated duplicate duplicate"),
        ([NEW, CANCELLED, CANCELLED, NEW], "processed cancelled duplicate duplicate"),
        ([CANCELLED, NEW, CANCELLED], "unable processed cancelled"),
        ([b"", NEW, b""], "unable processed unable"),
        ([b"X-Callboard-Loop: x\n\n", NEW], "ignored processed"),
    ],
)
def test_outcomes(mails: list[bytes], outcomes: str) -> None:
    found = list(judge(verdict.read(raw, RULES) for raw in mails))
    assert " ".join(each.outcome for each in found) == outcomes
    assert all(each.reason for each in found)
