"""The partner's document, field by field; what no sample shows."""

from typing import Any

import pytest
from letters import DOCUMENT
from mail_ingest.formats import ahs, neutral
from shared.events.content import content_key, same_content
from shared.events.dispatch import DispatchContent, Phone

WHOLE = """<VendorDispatch>
  <Unknown><DispatchList Id="1"/><PhoneNumber Type="CELL" Number="5550109999"/></Unknown>
  <DispatchNotes>ETA ASKED<DispatchNotesDetail>CALL FIRST
    *** Customer accepts email communication : desk@ahs.example</DispatchNotesDetail></DispatchNotes>
  <Vendor Id="900001" Name="EXAMPLE"><PhoneNumber Type="OFF" Number="5550100000"/>
    <CommercialProperty Id="" StreetNumber="1" StreetName="SHOP RD" CityName="AUSTIN" StateCode="TX"/>
  </Vendor>
  <DepartmentList>
    <Department Name="Pay"><PhoneNumber Type="OFF" Number="5550100001"/></Department></DepartmentList>
  <DispatchActivityInfo DispatchActivityType="EMAIL" IsAuthoRequired=" TRUE "/>
  <Contract ContractId="7" FormCode="" ContractEffectiveDate="2025-01-01" ListingExpirationDate="2020-01-02">
    <CoveredProperty StreetNumber="10585 &amp; 4" StreetDirection=" " StreetName="CALLE  DEL
      SOL" UnitType="" UnitNumber="7" CityName="X" StateCode="CO" ZipPostCode="00501" ZipPlus4="0001"/>
  </Contract>
  <ContractCustomerList><ContractCustomer Name="A B &amp; C B JR." FirstName="NO">
    <PhoneNumber Type="CELL" Number="+1 (512) 555-0102 x3"/><PhoneNumber Type="CELL" Number="151255501023"/>
    <PhoneNumber Type="" Number=" "/><Extra><PhoneNumber Type="FAX" Number="5550108888"/></Extra>
  </ContractCustomer><ContractCustomer Name="SECOND"/></ContractCustomerList>
  <DispatchContactList><DispatchContact Name="Sam"><PhoneNumber Number="5550103"/></DispatchContact>
    <DispatchContact Name="Kim"><PhoneNumber Type="HOME" Number="5550104"/></DispatchContact>
  </DispatchContactList><ContractContactList>
    <ContractContact Name="Realtor"><PhoneNumber Type="WORK" Number="5550105"/></ContractContact>
  </ContractContactList>
  <DispatchList Id=" 004 " dispatchPriorityValueList="EXPEDITED" dispatchTypeValueList="RECALL"
    DispatchDateTime="2026-01-05T11:41:19" Trade="APL" ServiceFeeAmount="1,100.5" ServiceFeeOpenAmount="0">
    <WorkOrderLineList Id="1" Description="Refrigerator"><Symptom Name="Warm"/><Symptom Name=""/>
      <Attribute Name="Brand" Value="Acme"/><Attribute Name="Age" Value=" "/></WorkOrderLineList>
    <WorkOrderLineList Id="2" Description="Oven"/></DispatchList>
  <CoverageNotes><CoverageNoteHeader Description="Added:"><CoverageNoteDetail> - Rust</CoverageNoteDetail>
    <CoverageNoteDetail> - Sediment</CoverageNoteDetail></CoverageNoteHeader>
    <CoverageNoteHeader Description="Limits"/><CoverageNoteHeader Description=""/></CoverageNotes>
  <ProductVersionRemarks><ProductVersionRemarksDetail>PLAN: ask plan@example.com</ProductVersionRemarksDetail>
  </ProductVersionRemarks>
  <MessageNotes><MessageNotesDetail>*** Do not<!-- x --> collect   TRADE SERVICE FEE ***</MessageNotesDetail>
    <MessageNotesDetail>*** Customer accepts email communication :</MessageNotesDetail>
    <MessageNotesDetail>a@b.example *** Customer accepts email communication :Pat@Example.com.
    </MessageNotesDetail>
    <MessageNotesDetail>*** Customer accepts text communication : (512) 555-0102</MessageNotesDetail>
  </MessageNotes>
</VendorDispatch>"""


def content(document: str = WHOLE) -> DispatchContent:
    return ahs.read(document.encode()).content


def test_every_field_of_the_document() -> None:
    found = content()
    assert neutral.dispatch(found) == {
        "partner_dispatch_id": "004",
        "contract_id": "7",
        "vendor_id": "900001",
        "plan_code": None,
        "dispatched_at": "2026-01-05T11:41:19",
        "priority": "EXPEDITED",
        "dispatch_type": "RECALL",
        "trade": "APL",
        "customer_name": "A B & C B JR.",
        "contact_name": "Sam",
        "phones": [
            {"type": "CELL", "number": "+1 (512) 555-0102 x3"},
            {"type": None, "number": "5550103"},
            {"type": "HOME", "number": "5550104"},
            {"type": "WORK", "number": "5550105"},
        ],
        "email": "Pat@Example.com",
        "text_consent": "(512) 555-0102",
        "service_address": {
            "street": "10585 & 4 CALLE DEL SOL",
            "unit": "7",
            "city": "X",
            "state": "CO",
            "zip": "00501",
            "zip4": "0001",
        },
        "items": [
            {
                "line_id": "1",
                "description": "Refrigerator",
                "symptoms": ["Warm"],
                "attributes": {"Brand": "Acme"},
            },
            {"line_id": "2", "description": "Oven", "symptoms": [], "attributes": {}},
        ],
        "fee": {"amount": "1100.50", "paid": None, "open": "0.00"},
        "do_not_collect": True,
        "authorization_required": True,
        "notes": [
            "ETA ASKED",
            "CALL FIRST\n    *** Customer accepts email communication : desk@ahs.example",
            "Added:",
            "- Rust",
            "- Sediment",
            "Limits",
            "PLAN: ask plan@example.com",
            "*** Do not collect   TRADE SERVICE FEE ***",
            "*** Customer accepts email communication :",
            "a@b.example *** Customer accepts email communication :Pat@Example.com.",
            "*** Customer accepts text communication : (512) 555-0102",
        ],
    }
    assert found.vendor.phones == (Phone(type="OFF", number="5550100000"),)
    assert found.vendor.address is not None
    assert found.vendor.address.street == "1 SHOP RD"
    assert found.departments[0].name == "Pay"
    assert (found.activity_type, found.contract.effective_date) == ("EMAIL", "2025-01-01")
    assert found.contract.listing_expiration_date == "2020-01-02"
    assert [(person.role, person.name) for person in found.people] == [
        ("customer", "A B & C B JR."),
        ("customer", "SECOND"),
        ("contact", "Sam"),
        ("contact", "Kim"),
        ("contract_contact", "Realtor"),
    ]


def test_only_the_number_is_required() -> None:
    found = content('<VendorDispatch><DispatchList Id="40000001"/></VendorDispatch>')
    assert found == DispatchContent(number="40000001")
    assert neutral.dispatch(found)["fee"] == {"amount": None, "paid": None, "open": None}


@pytest.mark.parametrize(
    ("given", "cents"),
    [
        ("85", 8500),
        ("85.5", 8550),
        ("$1,250.00", 125_000),
        (".50", 50),
        ("-25.10", -2510),
        ("0.00", 0),
        ("9.500", 950),
    ],
)
def test_amounts_of_money(given: str, cents: int) -> None:
    reading = ahs.read(WHOLE.replace("1,100.5", given).encode())
    assert (reading.content.fee.amount, reading.warnings) == (cents, ())


@pytest.mark.parametrize("given", ["N/A", "85.005", "1e3", "1,2", "NaN", "9" * 30, "٣", "-", "$"])
def test_what_is_no_amount_is_reported_not_rounded(given: str) -> None:
    reading = ahs.read(WHOLE.replace("1,100.5", given).encode())
    assert reading.content.fee.amount is None
    assert "no amount of money" in reading.warnings[0]


def test_a_negative_fee_is_printed_as_one() -> None:
    found = content(WHOLE.replace("1,100.5", "-0.05"))
    assert neutral.dispatch(found)["fee"]["amount"] == "-0.05"


@pytest.mark.parametrize(
    ("given", "expected"),
    [("2026-01-05T11:41:19.5-07:00", "2026-01-05T11:41:19"), ("1/5/2026", None), ("", None)],
)
def test_times(given: str, expected: str | None) -> None:
    reading = ahs.read(WHOLE.replace("2026-01-05T11:41:19", given).encode())
    assert reading.content.dispatched_at == expected
    assert bool(reading.warnings) is (given == "1/5/2026")


def test_a_person_can_set_what_is_missing() -> None:
    document = b"<VendorDispatch/>"
    reading = ahs.read(document, None, {"DispatchList/@Id": "40000001", "Contract/@ContractId": "9"})
    assert (reading.content.number, reading.content.contract.id) == ("40000001", "9")


KIM = 'Name="Kim"><PhoneNumber Type="HOME" Number="5550104"/>'
REALTOR = 'Name="Realtor"><PhoneNumber Type="WORK" Number="5550105"/>'
SAME: dict[str, Any] = {
    "blanks and line ends": lambda text: text.replace(" - Rust", "-\r\n\tRust").replace("A B &", "A  B &"),
    "phone punctuation": lambda text: text.replace("(512) 555-0102", "512.555.0102"),
    "order of phones": lambda text: text.replace(KIM, REALTOR.replace("Realtor", "Kim")).replace(
        '="Realtor">' + REALTOR.partition(">")[2], '="Realtor">' + KIM.partition(">")[2]
    ),
    "case of the e-mail address": lambda text: text.replace("Pat@Example.com", "pat@example.COM"),
    "order of attributes": lambda text: text.replace(
        'Id="2" Description="Oven"', 'Description="Oven" Id="2"'
    ),
    "blank or missing": lambda text: text.replace(' FormCode=""', ""),
    "what is not read": lambda text: text.replace("<Unknown>", '<Unknown x="1">').replace(
        'FirstName="NO"', ""
    ),
    "our own address": lambda text: text.replace("SHOP RD", "OTHER RD").replace('"Pay"', '"Desk"'),
}
OTHER: dict[str, Any] = {
    "number": lambda text: text.replace(" 004 ", "005"),
    "contact": lambda text: text.replace('Name="Sam"', 'Name="Alex"'),
    "one item more": lambda text: text.replace(
        "</DispatchList>\n  <Cov", '<WorkOrderLineList Id="3"/></DispatchList><Cov'
    ),
    "phone": lambda text: text.replace("5550104", "5550106"),
    "type of a phone": lambda text: text.replace('Type="HOME"', 'Type="CELL"'),
    "note": lambda text: text.replace("CALL FIRST", "CALL LAST"),
    "type": lambda text: text.replace("RECALL", "CANCELLED"),
    "street": lambda text: text.replace("10585", "10586"),
    "fee": lambda text: text.replace("1,100.5", "1100.51"),
    "fee not given": lambda text: text.replace('ServiceFeeOpenAmount="0"', ""),
    "attribute": lambda text: text.replace("Acme", "Other"),
    "order of items": lambda text: text.replace('Id="2" Description="Oven"', 'Id="0" Description="Oven"'),
}


@pytest.mark.parametrize("change", SAME.values(), ids=SAME.keys())
def test_layout_is_not_content(change: Any) -> None:
    changed = change(WHOLE)
    assert changed != WHOLE
    assert same_content(content(), content(changed))


@pytest.mark.parametrize("change", OTHER.values(), ids=OTHER.keys())
def test_other_content_has_another_key(change: Any) -> None:
    assert content_key(content()) != content_key(content(change(WHOLE)))


def test_the_short_document_of_the_letters_is_read() -> None:
    assert content(DOCUMENT).people[0].phones[0].number == "(512) 555-0102"
