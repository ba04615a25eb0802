"""Mails as a partner sends them, and the worse ones, built from their pieces."""

from base64 import encodebytes

from mail_ingest.verdict import Rules

RULES = Rules(
    partner="ahs",
    authserv_id="mx.contractor.example",
    trusted_senders=("noreply@msg.frontdoor.com",),
    own_addresses=("office@contractor.example",),
    vendor_id="900001",
)
CHECKED = "mx.contractor.example; spf=pass; dmarc=pass (p=reject) header.from=msg.frontdoor.com"
RECEIVED = "from out.msg.frontdoor.com (out [192.0.2.7]) by mx.contractor.example with ESMTPS id 1"
FROM = "American Home Shield <noreply@msg.frontdoor.com>"

DOCUMENT = """<?xml version="1.0" encoding="UTF-8"?>
<VendorDispatch>
  <Vendor Id="900001" Name="EXAMPLE HOME SERVICE LLC"><PhoneNumber Type="OFF" Number="5125550190"/></Vendor>
  <Contract ContractId="1001" FormCode="PLANX">
    <CoveredProperty StreetNumber="12" StreetDirection="N" StreetName="SAMPLE ST" UnitType="APT"
      UnitNumber="3" CityName="CAÑON CITY" StateCode="CO" ZipPostCode="81212" ZipPlus4=""/>
  </Contract>
  <ContractCustomerList><ContractCustomer Name="JOSÉ O’NEIL">
    <PhoneNumber Type="CELL" Number="(512) 555-0102"/></ContractCustomer></ContractCustomerList>
  <DispatchList Id="40000001" dispatchTypeValueList="NORMAL" DispatchDateTime="2026-01-05T11:41:19"
    ServiceFeeAmount="100.00"><WorkOrderLineList Id="1" Description="Refrigerator"/></DispatchList>
  <MessageNotes>
    <MessageNotesDetail>*** Customer accepts email communication : pat@example.com</MessageNotesDetail>
  </MessageNotes>
</VendorDispatch>
"""


def headed(body: bytes, *fields: str, checked: str | None = CHECKED, sender: str = FROM) -> bytes:
    """A mail as our server hands it over: its result and its Received line on top, then what was sent."""
    top = [f"Authentication-Results: {checked}"] if checked else []
    lines = [*top, f"Received: {RECEIVED}", f"From: {sender}", "Subject: New Dispatch", *fields]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def part(content: bytes, kind: str = "application/xml; name=dispatch.xml", encoding: str = "base64") -> bytes:
    coded = encodebytes(content).replace(b"\n", b"\r\n") if encoding == "base64" else content
    return f"Content-Type: {kind}\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n".encode() + coded


def mixed(*parts: bytes, boundary: str = "b1", closed: bool = True) -> bytes:
    mark = b"--" + boundary.encode()
    return b"".join(mark + b"\r\n" + each + b"\r\n" for each in parts) + (mark + b"--\r\n" if closed else b"")


def letter(*parts: bytes, **named: str | None) -> bytes:
    """A trusted multipart mail of these parts."""
    return headed(mixed(*parts), "Content-Type: multipart/mixed; boundary=b1", **named)  # type: ignore[arg-type]


def single(content: bytes, kind: str = "application/xml", encoding: str = "binary") -> bytes:
    """A trusted mail that is nothing but one part."""
    return headed(content, f"Content-Type: {kind}", f"Content-Transfer-Encoding: {encoding}")
