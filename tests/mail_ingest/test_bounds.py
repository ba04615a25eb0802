"""A hostile mail costs at most 2 seconds and 300 MB, and yields a verdict; each in a process of its own."""

import json
import pickle
import subprocess
import sys
from pathlib import Path

import pytest
from letters import DOCUMENT, headed, letter, part, single

MEASURE = """
import json, os, pickle, resource, sys, time
from letters import DOCUMENT, RULES, single
from mail_ingest import verdict
mails = pickle.load(sys.stdin.buffer)
verdict.read(single(DOCUMENT.encode()), RULES)
for named, raw in mails.items():
    if os.fork():
        os.wait()
        continue
    used = lambda: resource.getrusage(resource.RUSAGE_SELF)
    before = used().ru_maxrss
    clock = time.process_time()
    found = verdict.read(raw, RULES)
    seconds = time.process_time() - clock
    megabytes = (used().ru_maxrss - before) / 1024
    print(json.dumps([named, found.kind, found.code, seconds, megabytes]), flush=True)
    os._exit(0)
"""


def hostile() -> dict[str, bytes]:
    xml, mb, ours = DOCUMENT.encode(), 1024 * 1024, "mx.contractor.example"
    item, end = b'<WorkOrderLineList Id="%d"/>', b"</DispatchList>"
    asked = b"*** Customer accepts email communication : "
    multipart = "Content-Type: multipart/mixed; boundary=b1"
    deep = b"".join(
        f"--b{depth}\r\nContent-Type: multipart/mixed; boundary=b{depth + 1}\r\n\r\n".encode()
        for depth in range(1, 5000)
    )
    return {
        "unable header_limits: one field": headed(b"", "X: " + "a" * 20 * mb),
        "unable header_limits: many fields": headed(b"", *["X: y"] * 500_000),
        "unable header_limits: folded": headed(b"", "X:" + "\r\n y" * 500_000),
        "dispatch : long names without end": headed(xml, "X" * 200_000 + ": 1", "Content-Type: text/xml"),
        "unable no_xml: subject of words": headed(b"", "Subject: " + "=?utf-8?Q?=41?= " * 10_000),
        "unable untrusted: From of brackets": headed(b"", sender='"' + '\\\\"(' * 60_000),
        "unable untrusted: result of words": headed(b"", checked=f"{ours}; dmarc " + "a" * 200_000),
        "unable untrusted: result of quotes": headed(b"", checked=ours + ';dmarc="\\\\"' * 20_000),
        "unable no_xml: parameters of quotes": headed(b"", "Content-Type: text/plain" + ';a="\\\\"' * 30_000),
        "unable mime_limits: depth": headed(deep, multipart),
        "unable mime_limits: parts": headed(b"--b1\r\n\r\n" * 2_000_000, multipart),
        "unable mime_limits: headers of parts": headed(
            b"".join([b"--b1\nX: ", b"a" * 20_000, b"\n\n"]) * 150, multipart
        ),
        "unable mime_limits: lines that begin alike": headed(b"--b1x\n" * 3_000_000, multipart),
        "unable no_xml: marks inside lines": headed(b"--b1" * 6 * mb, multipart),
        "unable no_xml: text": headed(b"dispatch <" * 2 * mb, "Content-Type: text/html"),
        "unable no_xml: text of entities": headed(b"&lt;" * 6 * mb, "Content-Type: text/html"),
        "unable malformed: base64 of nothing": letter(part(b"", encoding="base64") + b"=!" * mb),
        "unable xml_limits: base64": letter(part(xml + b" " * 16 * mb)),
        "unable xml_limits: blanks": single(b" \n" * 12 * mb, encoding="quoted-printable"),
        "unable xml_limits: one value": single(xml.replace(b"Refrigerator", b"x" * 20 * mb)),
        "unable xml_limits: deep": single(b"<VendorDispatch>" + b"<a>" * 20_000),
        "unable xml_limits: wide": single(b"<VendorDispatch>" + b"<a/>" * 200_000),
        "dispatch : many items": single(xml.replace(end, item % 1 * 19_000 + end)),
        "dispatch : many attributes": single(
            xml.replace(
                b"<Contract ", b"<Contract " + b"".join(b'a%d="1" ' % count for count in range(70_000))
            )
        ),
        "unable malformed: many namespaces": single(
            b"<VendorDispatch " + b" ".join(b'xmlns:a%d="u"' % count for count in range(40_000)) + b">"
        ),
        "unable dtd: laughs": single(
            b'<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "' + b"&a;" * 50_000 + b'">]><VendorDispatch>&b;'
        ),
        "dispatch : a note of stars": single(
            xml.replace(b"*** Cust", b"* " * 200_000 + asked * 5_000 + b"*** Cust")
        ),
        "unable several_xml: forty documents": letter(
            *(part(xml.replace(b"Refrigerator", b"%d" % count + b"x" * 400_000)) for count in range(40))
        ),
        "unable several_xml: three large documents": letter(
            *(part(xml.replace(end, item % count * 18_000 + end)) for count in range(3))
        ),
        "unable oversize": single(xml + b" " * 26 * mb),
    }


MAILS = hostile()


@pytest.fixture(scope="module")
def measured() -> dict[str, tuple[str, str, float, float]]:
    """Kind, code, processor seconds and megabytes of each mail, each in a fork of its own."""
    done = subprocess.run(
        [sys.executable, "-c", MEASURE],
        input=pickle.dumps(MAILS),
        capture_output=True,
        check=True,
        cwd=Path(__file__).parents[1],
    )
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    return {named: (kind, code, seconds, megabytes) for named, kind, code, seconds, megabytes in rows}


@pytest.mark.parametrize("named", MAILS)
def test_a_hostile_mail_is_cheap(named: str, measured: dict[str, tuple[str, str, float, float]]) -> None:
    kind, code, seconds, megabytes = measured[named]
    assert (kind, code) == tuple(named.partition(":")[0].split(" "))
    assert seconds < 2, f"{seconds:.2f} s"
    assert megabytes < 300, f"{megabytes:.0f} MB"
