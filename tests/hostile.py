"""Mails made to cost more than they should. Each passes the trust check, so that it is read to its end."""

from base64 import encodebytes

import letters

XML = letters.DOCUMENT.encode()
_HEAD, _, _BODY = XML.partition(b"<VendorDispatch>")


def hostile(number: int) -> dict[str, bytes]:
    """By name; `number` makes their bytes differ from those of another call."""
    tag = f"Message-ID: <hostile.{number}@example.com>"
    mixed = "Content-Type: multipart/mixed; boundary=b1"

    def attached(document: bytes) -> bytes:
        return letters.headed(letters.mixed(letters.part(document)), tag, mixed)

    def body(text: bytes, *fields: str) -> bytes:
        return letters.headed(text + b"\r\n", tag, *fields)

    lol = '<!ENTITY l0 "ha">' + "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))
    nested = b"".join(
        b"Content-Type: multipart/mixed; boundary=n%d\r\n\r\n--n%d\r\n" % (n, n) for n in range(5000)
    )
    digits = b"9" * 2_000_000
    return {
        "a billion laughs": attached(f"<!DOCTYPE a [{lol}]><VendorDispatch>&l11;</VendorDispatch>".encode()),
        "a quadratic entity": attached(
            b'<!DOCTYPE a [<!ENTITY a "' + b"a" * 200_000 + b'">]><VendorDispatch>' + b"&a;" * 50_000
        ),
        "elements within elements": attached(_HEAD + b"<VendorDispatch>" + b"<a>" * 500_000),
        "a million attributes": attached(
            _HEAD + b"<VendorDispatch " + b" ".join(b'a%d=""' % n for n in range(300_000)) + b"/>"
        ),
        "a million elements": attached(
            _HEAD + b"<VendorDispatch>" + b"<a/>" * 1_000_000 + b"</VendorDispatch>"
        ),
        "one endless number": attached(XML.replace(b"100.00", digits)),
        "a large document": attached(_HEAD + b"<VendorDispatch>" + b"<!-- x -->" * 2_000_000 + _BODY),
        "parts within parts": letters.headed(b"--b1\r\n" + nested, tag, mixed),
        "a hundred thousand parts": letters.headed(letters.mixed(*[b"\r\nx"] * 100_000), tag, mixed),
        "a boundary everywhere": letters.headed(b"--b1 \r\n--b1x\r\n" * 500_000, tag, mixed),
        "mails within mails": letters.headed(b"Content-Type: message/rfc822\r\n\r\n" * 20_000, tag),
        "attachments of 18 MB": letters.headed(
            letters.mixed(
                letters.part(XML),
                letters.part(bytes(range(256)) * 70_000, "application/pdf"),
            ),
            tag,
            mixed,
        ),
        "base64 that is none": body(
            b"=?*" * 5_000_000, "Content-Type: text/xml", "Content-Transfer-Encoding: base64"
        ),
        "equals signs": body(
            b"=" * 15_000_000, "Content-Type: text/xml", "Content-Transfer-Encoding: quoted-printable"
        ),
        "a hundred thousand headers": body(b"", *[f"X-{n}: {n}" for n in range(100_000)]),
        "one header of 10 MB": body(b"", "Subject: " + "a" * 10_000_000),
        "a header of parentheses": body(b"", "To: " + "(" * 1_000_000, "Reply-To: " + "<" * 1_000_000),
        "a header of encoded words": body(b"", "Subject: " + "=?utf-8?q?=41?= " * 200_000),
        "a header of half encoded words": body(b"", "Subject: " + "=?" * 500_000 + "?=" * 500_000),
        "a header of parameters": body(b"", "Content-Type: text/xml" + "; a*0*=''%" * 200_000),
        "a header of quotes": body(b"", 'Content-Type: text/xml; name="' + '\\"' * 1_000_000),
        "results without end": letters.headed(
            b"\r\n", tag, checked=letters.CHECKED + "; dmarc=pass (" * 200_000 + " header.from=" * 200_000
        ),
        "angle brackets": body(b"<" * 10_000_000, "Content-Type: text/html"),
        "almost dispatch numbers": body(b"dispatch # " * 1_000_000, "Content-Type: text/plain"),
        "digits": body(digits, "Content-Type: text/plain"),
        "a charset that unpacks": body(
            encodebytes(XML).replace(b"\n", b"\r\n"),
            "Content-Type: text/xml; charset=zlib",
            "Content-Transfer-Encoding: base64",
        ),
        "nothing but zeros": body(b"\0" * 5_000_000, "Content-Type: text/xml", "Subject: \0\0"),
    }
