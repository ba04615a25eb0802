"""Documents: right text or a refusal, within bounds, and nothing fetched."""

import pytest
from letters import DOCUMENT
from mail_ingest.parsing import xml
from mail_ingest.parsing.refused import Refused

NAME = "JOSÉ O’NEIL – ½ Ł"
LATIN = "JOSÉ O’NEIL – ½"


def document(declared: str | None, name: str = NAME) -> str:
    return (f'<?xml version="1.0" encoding="{declared}"?>' if declared else "") + f'<a Name="{name}"/>'


def name(data: bytes, label: str | None = None) -> str | None:
    return xml.read(data, label).attributes.get("Name")


def refusal(data: bytes, label: str | None = None) -> str:
    with pytest.raises(Refused) as caught:
        xml.read(data, label)
    return caught.value.code


BOM = "\ufeff"
WIDE = [
    ("UTF-8", (BOM + document("UTF-8")).encode(), None),
    ("BOM beats the label", (BOM + document("iso-8859-1")).encode(), "windows-1252"),
    ("UTF-16 little", document("UTF-16").encode("utf-16"), None),
    ("UTF-16 big", (BOM + document("UTF-16")).encode("utf-16-be"), "utf-8"),
    ("UTF-16 without a mark", document("UTF-16").encode("utf-16-le"), None),
    ("UTF-16 big without a mark", document(None).encode("utf-16-be"), None),
    ("UTF-32", document("UTF-32").encode("utf-32"), None),
    ("no label at all", document(None).encode(), None),
    ("UTF-8 says the part", document(None).encode(), "UTF-8"),
    ("UTF-8 labelled Latin", document("ISO-8859-1").encode(), "iso-8859-1"),
    ("UTF-8 labelled ASCII", document("us-ascii").encode(), "us-ascii"),
    ("UTF-8 labelled UTF-16, as .NET does", document("utf-16").encode(), None),
    ("UTF-8, unknown label", document("x-foo").encode(), "unknown-8bit"),
    ("GB18030", document("gb18030").encode("gb18030"), None),
]


@pytest.mark.parametrize(("data", "label"), [row[1:] for row in WIDE], ids=[row[0] for row in WIDE])
def test_any_encoding_gives_the_right_text(data: bytes, label: str | None) -> None:
    assert name(data, label) == NAME


ONE_BYTE = [
    ("declared", document("windows-1252", LATIN).encode("cp1252"), None),
    ("declared Latin, is Windows", document("ISO-8859-1", LATIN).encode("cp1252"), "ISO-8859-1"),
    ("only the part says it", document(None, LATIN).encode("cp1252"), "windows-1252"),
    ("the part is right", document("UTF-8", LATIN).encode("cp1252"), "windows-1252"),
    ("the declaration is right", document("windows-1252", LATIN).encode("cp1252"), "utf-8"),
    ("the part says ASCII", document("windows-1252", LATIN).encode("cp1252"), "us-ascii"),
]


@pytest.mark.parametrize(("data", "label"), [row[1:] for row in ONE_BYTE], ids=[row[0] for row in ONE_BYTE])
def test_one_byte_charsets_give_the_right_text(data: bytes, label: str | None) -> None:
    assert name(data, label) == LATIN


def test_bytes_that_are_utf8_by_chance_follow_their_label() -> None:
    assert name(document("windows-1252", "JOSÉ’S").encode("cp1252")) == "JOSÉ’S"


NEVER_SPOILT = [
    ("not UTF-8", document("UTF-8", LATIN).encode("cp1252"), None),
    ("not UTF-8, ASCII label", document(None, LATIN).encode("cp1252"), "us-ascii"),
    ("two answers", document("iso-8859-15", LATIN).encode("cp1252"), "windows-1251"),
    ("both mixed", document("UTF-8", "É").encode() + "<!-- É -->".encode("cp1252"), "windows-1252"),
    ("no such Windows byte", b'<a Name="\x81"/>', "windows-1252"),
    ("half a surrogate", b"\xff\xfe" + "<a Name='".encode("utf-16-le") + b"\x00\xd8'\0/\0>\0", None),
    ("UTF-7", b'<?xml version="1.0" encoding="utf-7"?><a Name="+AMk-\xe9"/>', None),
    ("cut UTF-16", document("UTF-16").encode("utf-16")[:-1], None),
]


@pytest.mark.parametrize(
    ("data", "label"), [row[1:] for row in NEVER_SPOILT], ids=[r[0] for r in NEVER_SPOILT]
)
def test_what_cannot_be_told_is_refused(data: bytes, label: str | None) -> None:
    assert refusal(data, label) == "encoding"


def test_the_whole_text_of_an_element_is_read() -> None:
    root = xml.read(b"<a>\n DO <!-- not -->NOT<?x y?> <![CDATA[COLL<]]>ECT &#65;&amp;<b>inner</b> end</a>")
    assert " ".join(root.text().split()) == "DO NOT COLL<ECT A& end"


def test_namespaces_are_read_by_local_name_but_strangers_are_not() -> None:
    root = xml.read(
        b'<v:a xmlns:v="urn:v" xmlns:w="urn:v" xmlns:o="urn:o" v:Id="1" o:Id="2">'
        b'<w:b/><c Id="3" v:Id="4" o:Id="5"/><o:b/></v:a>'
    )
    assert root.attributes["Id"] == "1"
    assert root.name == "a"
    assert len(root.all("b")) == 1
    assert (root.first("c") or root).attributes["Id"] == "3"


BOMBS = {
    "dtd": b'<!DOCTYPE a [<!ENTITY x "1234567890">' + b'<!ENTITY y "&x;&x;&x;">]><a>&y;</a>',
    "dtd external": b'<?xml version="1.0"?>\n<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>',
    "dtd parameter": b'<!DOCTYPE a [<!ENTITY % p SYSTEM "http://127.0.0.1:9/">%p;]><a/>',
    "xml_limits deep": b"<a>" * 100_000,
    "xml_limits just too deep": b"<a>" * 60 + b"</a>" * 60,
    "xml_limits wide": b"<a>" + b"<b/>" * 100_000 + b"</a>",
    "xml_limits long": b"<a>" + b"x" * xml.MAX_BYTES + b"</a>",
    "malformed": b"<a",
    "malformed blank": b" \n ",
    "malformed entity": b"<a>&lol;</a>",
    "malformed prefix": b"<x:a/>",
    "malformed NUL": b"<a>&#0;</a>",
    "malformed junk": b"<a/>junk",
    "malformed attribute": b'<a b="<"/>',
}


@pytest.mark.parametrize(("named", "data"), BOMBS.items(), ids=BOMBS.keys())
def test_bombs_and_ruins_are_refused(named: str, data: bytes) -> None:
    assert refusal(data) == named.split()[0]


def test_inclusions_and_stylesheets_are_only_text() -> None:
    data = b'<?xml-stylesheet href="http://127.0.0.1:9/x.xsl"?><a xmlns:xi="http://www.w3.org/2001/XInclude">'
    assert xml.read(data + b'<xi:include href="file:///etc/passwd"/></a>').text() == ""


@pytest.mark.parametrize("codec", ["utf-8", "utf-16", "utf-8-sig"])
def test_the_failing_place_is_in_the_readers_characters(codec: str) -> None:
    text = DOCUMENT.replace("UTF-8", codec).replace("CityName=", "CitÿName ")
    with pytest.raises(Refused) as caught:
        xml.read(text.encode(codec))
    place = caught.value.place
    assert place is not None
    line = text.splitlines()[place.line - 1]
    assert 0 < place.column <= len(line)
    assert "CitÿName" in place.excerpt
    assert abs(line.index("CitÿName") - place.column) < 12
