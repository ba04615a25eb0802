"""Synthetic dispatch mails of about 6 KB, each another dispatch of another household."""
# ruff: noqa: E501  (a mail is written as it stands)

import base64
import random
from xml.sax.saxutils import quoteattr

AUTHSERV_ID = "mx.contractor.example"
SENDER = "noreply@msg.frontdoor.com"
VENDOR_ID = "900001"

_FIRST = [
    "PAT",
    "SAM",
    "LEE",
    "ANN",
    "JEAN",
    "ALEX",
    "KIM",
    "DANA",
    "CHRIS",
    "MARIA",
    "OMAR",
    "INES",
    "NORA",
    "LUIS",
    "IVAN",
    "RUTH",
]
_LAST = [
    "EXAMPLE",
    "SAMPLE",
    "PLACEHOLDER",
    "SPECIMEN",
    "PATTERN",
    "MODEL",
    "TEMPLATE",
    "DUMMY",
    "FIXTURE",
    "DRAFT",
]
_STREETS = [
    "OAK",
    "ELM",
    "MAPLE",
    "CEDAR",
    "PINE",
    "LAKE",
    "HILL",
    "RIVER",
    "PARK",
    "SUNSET",
    "MAIN",
    "CHURCH",
]
_CITIES = [("AUSTIN", "TX", "78701"), ("DENVER", "CO", "80202"), ("MEMPHIS", "TN", "38103")]
_ITEMS = ["Refrigerator", "Water Heater", "Dishwasher", "Oven", "Air Conditioner", "Garage Door"]


def mail(number: int) -> bytes:
    """The mail of dispatch `number` (8 digits); the same number gives the same bytes."""
    chance = random.Random(number)
    document = base64.encodebytes(_document(number, chance)).decode()
    words = [
        "please",
        "find",
        "attached",
        "the",
        "details",
        "of",
        "this",
        "dispatch",
        "and",
        "contact",
        "the",
        "customer",
        "within",
        "one",
        "day",
    ]
    prose = "\n".join(" ".join(chance.choice(words) for _ in range(11)) for _ in range(12))
    cells = "".join(
        f"<tr><td>{' '.join(chance.choice(words) for _ in range(8))}</td></tr>\n" for _ in range(10)
    )
    text = f"""Return-Path: <{SENDER}>
Authentication-Results: {AUTHSERV_ID}; spf=pass smtp.mailfrom={SENDER}; dkim=pass header.d=msg.frontdoor.com; dmarc=pass header.from=msg.frontdoor.com
Received: from out.msg.frontdoor.com (out.msg.frontdoor.com [192.0.2.7]) by {AUTHSERV_ID} with ESMTPS id {number:012x}; Mon, 05 Jan 2026 10:00:00 -0600
DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=msg.frontdoor.com; s=s1; h=from:to:subject; bh={"A" * 43}=; b={"B" * 60}
From: Dispatch <{SENDER}>
To: office@contractor.example
Subject: New Dispatch Notification #{number}
Date: Mon, 05 Jan 2026 10:00:00 -0600
Message-ID: <{number}.bench@msg.frontdoor.com>
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="=_m{number}"

--=_m{number}
Content-Type: multipart/alternative; boundary="=_a{number}"

--=_a{number}
Content-Type: text/plain; charset="utf-8"

{prose}
--=_a{number}
Content-Type: text/html; charset="utf-8"

<html><body><table>{cells}</table></body></html>
--=_a{number}--
--=_m{number}
Content-Type: application/xml; name="dispatch.xml"
Content-Disposition: attachment; filename="dispatch.xml"
Content-Transfer-Encoding: base64

{document}--=_m{number}--
"""
    return text.replace("\n", "\r\n").encode()


def _document(number: int, chance: random.Random) -> bytes:
    city, state, code = chance.choice(_CITIES)
    name = f"{chance.choice(_FIRST)} {chance.choice(_LAST)} {chance.choice(_LAST)}-{number}"
    phone = f"{chance.choice(['512', '303', '901'])}{chance.randrange(200, 999)}{number % 10000:04d}"
    street = f'StreetNumber="{number % 20000}" StreetDirection="{chance.choice(["N", "S", ""])}"'
    street += f' StreetName="{chance.choice(_STREETS)} ST" UnitType="" UnitNumber=""'
    place = (
        f'{street} CityName="{city}" StateCode="{state}" ZipPostCode="{code}" ZipPlus4="{number % 10000:04d}"'
    )
    item = chance.choice(_ITEMS)
    fee = chance.choice(["75.00", "100.00", "125.00"])
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<VendorDispatch xsi:noNamespaceSchemaLocation="Dispatch.xsd" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
  <Vendor Id="{VENDOR_ID}" Name="EXAMPLE HOME SERVICE LLC"><PhoneNumber Type="OFF" Number="5550100000"/></Vendor>
  <DepartmentList><Department Name="Authorizations"><PhoneNumber Type="OFF" Number="5550100001"/></Department></DepartmentList>
  <DispatchActivityInfo DispatchActivityType="EMAIL" IsAuthoRequired="false"/>
  <Contract ContractId="{number + 100000000}" ContractEffectiveDate="2025-06-01" ContractExpirationDate="2026-06-01" FormCode="PLANX">
    <CoveredProperty {place}/>
  </Contract>
  <ContractCustomerList><ContractCustomer Name={quoteattr(name)}><PhoneNumber Type="CELL" Number="{phone}"/></ContractCustomer></ContractCustomerList>
  <DispatchContactList><DispatchContact Name={quoteattr(name)}><PhoneNumber Type="HOME" Number="{phone}"/></DispatchContact></DispatchContactList>
  <ContractContactList/>
  <DispatchList Id="{number}" dispatchPriorityValueList="NORMAL" dispatchTypeValueList="NORMAL" DispatchDateTime="2026-01-05T11:41:19" Trade="APL" ServiceFeeAmount="{fee}" ServiceFeePaidAmount="0.00" ServiceFeeOpenAmount="{fee}">
    <WorkOrderLineList Id="1" Description="{item}"><Symptom Name="Failure-unit does not work"/><Attribute Name="Brand" Value="Acme"/></WorkOrderLineList>
  </DispatchList>
  <CoverageNotes><CoverageNoteHeader Description="Added coverage:"><CoverageNoteDetail> - Rust</CoverageNoteDetail></CoverageNoteHeader></CoverageNotes>
  <ProductVersionRemarks><ProductVersionRemarksDetail>EXAMPLE PLAN</ProductVersionRemarksDetail></ProductVersionRemarks>
  <MessageNotes><MessageNotesDetail>*** Customer accepts email communication : c{number}@example.com</MessageNotesDetail></MessageNotes>
  <DispatchNotes/>
</VendorDispatch>
""".encode()
