"""`VendorDispatch` documents of American Home Shield (Frontdoor): data in attributes, notes as text.

Only the elements named here are read, and only where they belong; any other may stand anywhere. A blank
value counts as not given.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from shared.events.dispatch import DispatchContent

from mail_ingest.parsing import headers, xml
from mail_ingest.parsing.refused import Refused
from mail_ingest.parsing.xml import Element

ROOT = "VendorDispatch"

_NUMBER = re.compile(r"[0-9]{1,20}")
_AMOUNT = re.compile(r"(-?)\$?\s*([0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,12})?(?:\.([0-9]{0,2})0*)?")
_EMAIL = re.compile(
    r"\*\s*(?i:Customer accepts email communication)\s*:\s*([^\s<>,;:\"()]+@[^\s<>,;:\"()*]+)"
)
_TEXTS = re.compile(r"\*\s*(?i:Customer accepts text communication)\s*:\s*(\+?[0-9(][0-9\s().+/-]*[0-9])")
_DO_NOT_COLLECT = re.compile(r"DO\s+NOT\s+COLLECT\s+TRADE\s+SERVICE\s+FEE")
_CANCELLED = re.compile(r"CANCEL(?:L?ED|LATION|ATION)\b")

_PEOPLE = (
    ("ContractCustomerList", "ContractCustomer", "customer"),
    ("DispatchContactList", "DispatchContact", "contact"),
    ("ContractContactList", "ContractContact", "contract_contact"),
)
_NOTES = {
    "CoverageNotes": ("coverage", "CoverageNoteDetail"),
    "ProductVersionRemarks": ("product", "ProductVersionRemarksDetail"),
    "MessageNotes": ("message", "MessageNotesDetail"),
    "DispatchNotes": ("dispatch", "DispatchNotesDetail"),
}
_NOBODY = Element("", {})


class Reading(NamedTuple):
    """A dispatch, and what a person should know of how it was read."""

    content: DispatchContent
    warnings: tuple[str, ...]


def read(
    document: bytes, charset: str | None = None, corrections: Mapping[str, str] | None = None
) -> Reading:
    """The dispatch in one XML document; `charset` is what its MIME part claims.

    `corrections` are attributes that a person set: `DispatchList/@Id` and its value.
    Raises Refused: those of `xml.read`, unknown_root, several_dispatches, no_number.
    """
    root = xml.read(document, charset)
    if root.name != ROOT:
        name = headers.safe(root.name.rpartition("\n")[2], 60)
        raise Refused(
            "unknown_root", f"The XML document is a <{name}> and not a <{ROOT}>: no dispatch is in it."
        )
    for path, value in (corrections or {}).items():
        _correct(root, path, value)
    dispatches = root.all("DispatchList")
    if len(dispatches) > 1:
        raise Refused("several_dispatches", "The XML document holds several dispatches. Enter them by hand.")
    dispatch = dispatches[0] if dispatches else _NOBODY
    number = _value(dispatch, "Id")
    if not number or not _NUMBER.fullmatch(number):
        given = (
            f"{headers.safe(number, 40)!r} is no dispatch number" if number else "The dispatch has no number"
        )
        raise Refused("no_number", f"{given} (DispatchList Id). Correct it here, or ask the sender for it.")
    warnings: list[str] = []
    return Reading(
        DispatchContent.model_validate(_content(root, dispatch, number, warnings)), tuple(warnings)
    )


def _correct(root: Element, path: str, value: str) -> None:
    name, _, attribute = path.partition("/@")
    element = root.first(name)
    if element is None:
        element = Element(name, {})
        root.children.append(element)
    element.attributes[attribute] = value


def _content(root: Element, dispatch: Element, number: str, warnings: list[str]) -> dict[str, Any]:
    activity = root.first("DispatchActivityInfo") or _NOBODY
    contract = root.first("Contract") or _NOBODY
    notes = _notes(root)
    # The one spelling that was seen, and the one that all other attributes of the document follow.
    kind = _value(dispatch, "dispatchTypeValueList") or _value(dispatch, "DispatchTypeValueList")
    said = "\n".join([f"{note['header'] or ''}\n{note['text']}" for note in notes]).upper()
    if _CANCELLED.search(said) and not (kind or "").upper().startswith("CANCEL"):
        warnings.append(
            "A note speaks of a cancellation, but the dispatch is not marked as cancelled: look at it."
        )
    return {
        "number": number,
        "vendor": _vendor(root.first("Vendor") or _NOBODY),
        "departments": [
            {"name": _value(department, "Name"), "phones": _phones(department)}
            for listed in root.all("DepartmentList")
            for department in listed.all("Department")
        ],
        "activity_type": _value(activity, "DispatchActivityType"),
        "authorization_required": (_value(activity, "IsAuthoRequired") or "").lower() in ("true", "1"),
        "contract": {
            "id": _value(contract, "ContractId"),
            "plan_code": _value(contract, "FormCode"),
            "effective_date": _value(contract, "ContractEffectiveDate"),
            "expiration_date": _value(contract, "ContractExpirationDate"),
            "listing_effective_date": _value(contract, "ListingEffectiveDate"),
            "listing_expiration_date": _value(contract, "ListingExpirationDate"),
        },
        "service_address": _address(contract.first("CoveredProperty") or _NOBODY),
        "people": [
            {"role": role, "name": _value(person, "Name"), "phones": _phones(person)}
            for listed, each, role in _PEOPLE
            for people in root.all(listed)
            for person in people.all(each)
        ],
        "email": (found := _said(notes, _EMAIL)) and found.rstrip("."),
        "text_consent": _said(notes, _TEXTS),
        "dispatched_at": _time(_value(dispatch, "DispatchDateTime"), warnings),
        "priority": _value(dispatch, "dispatchPriorityValueList")
        or _value(dispatch, "DispatchPriorityValueList"),
        "dispatch_type": kind,
        "trade": _value(dispatch, "Trade"),
        "fee": {
            "amount": _cents(_value(dispatch, "ServiceFeeAmount"), warnings),
            "paid": _cents(_value(dispatch, "ServiceFeePaidAmount"), warnings),
            "open": _cents(_value(dispatch, "ServiceFeeOpenAmount"), warnings),
        },
        "do_not_collect": _DO_NOT_COLLECT.search(said) is not None,
        "lines": [_line(line) for line in dispatch.all("WorkOrderLineList")],
        "notes": notes,
    }


def _value(element: Element, name: str) -> str | None:
    """The attribute with runs of blanks as one, or None where it is missing or blank."""
    given = element.attributes.get(name)
    return (" ".join(given.split()) or None) if given else None


def _said(notes: list[dict[str, Any]], pattern: re.Pattern[str]) -> str | None:
    """What follows the partner's set phrase. Only message notes speak for the customer."""
    said = (pattern.search(note["text"]) for note in notes if note["kind"] == "message")
    return next((found[1] for found in said if found), None)


def _phones(element: Element) -> list[dict[str, str | None]]:
    return [
        {"type": _value(phone, "Type"), "number": number}
        for phone in element.all("PhoneNumber")
        if (number := _value(phone, "Number"))
    ]


def _vendor(vendor: Element) -> dict[str, Any]:
    address = _address(vendor.first("CommercialProperty") or _NOBODY)
    return {
        "id": _value(vendor, "Id"),
        "name": _value(vendor, "Name"),
        "phones": _phones(vendor),
        "address": address if any(address.values()) else None,
    }


def _address(place: Element) -> dict[str, str | None]:
    street = (_value(place, "StreetNumber"), _value(place, "StreetDirection"), _value(place, "StreetName"))
    unit = (_value(place, "UnitType"), _value(place, "UnitNumber"))
    return {
        "street": " ".join(filter(None, street)) or None,
        "unit": " ".join(filter(None, unit)) or None,
        "city": _value(place, "CityName"),
        "state": _value(place, "StateCode"),
        "zip": _value(place, "ZipPostCode"),
        "zip4": _value(place, "ZipPlus4"),
    }


def _line(line: Element) -> dict[str, Any]:
    return {
        "line_id": _value(line, "Id"),
        "description": _value(line, "Description"),
        "symptoms": [name for symptom in line.all("Symptom") if (name := _value(symptom, "Name"))],
        "attributes": {
            name: value
            for attribute in line.all("Attribute")
            if (name := _value(attribute, "Name")) and (value := _value(attribute, "Value"))
        },
    }


def _notes(root: Element) -> list[dict[str, Any]]:
    """In document order. A coverage header without details is a note of its own."""
    notes: list[dict[str, Any]] = []

    def add(kind: str, header: str | None, *texts: str) -> None:
        notes.extend(
            {"kind": kind, "header": header, "text": clean} for text in texts if (clean := text.strip())
        )

    for block in root.children:
        if block.name not in _NOTES:
            continue
        kind, detail = _NOTES[block.name]
        add(kind, None, block.text())
        for child in block.children:
            if child.name == detail:
                add(kind, None, child.text())
            elif kind == "coverage" and child.name == "CoverageNoteHeader":
                header, before = _value(child, "Description"), len(notes)
                add(kind, header, child.text(), *(each.text() for each in child.all(detail)))
                if header and len(notes) == before:
                    add(kind, None, header)
    return notes


def _cents(given: str | None, warnings: list[str]) -> int | None:
    """Minor units of a decimal text. What is no amount of whole cents is reported, never rounded."""
    if given is None:
        return None
    found = _AMOUNT.fullmatch(given)
    if found and (found[2] or found[3]):
        cents = int((found[2] or "0").replace(",", "")) * 100 + int((found[3] or "").ljust(2, "0"))
        return -cents if found[1] else cents
    warnings.append(f"{headers.safe(given, 40)!r} is no amount of money: the fee is stored without it.")
    return None


def _time(given: str | None, warnings: list[str]) -> str | None:
    """`YYYY-MM-DDThh:mm:ss` on the location's clock. A fraction or an offset, never seen so far, is cut."""
    if given is None:
        return None
    try:
        return datetime.fromisoformat(given).replace(tzinfo=None, microsecond=0).isoformat()
    except ValueError:
        warnings.append(
            f"{headers.safe(given, 40)!r} is no date and time: the dispatch is stored without it."
        )
        return None
