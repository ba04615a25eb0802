"""`VendorDispatch` documents of American Home Shield (Frontdoor): data in attributes, notes as text.

Only the elements named here are read, and only where they belong; any other may stand anywhere. A blank
value counts as not given.
"""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from shared.events.dispatch import DispatchContent
from shared.zones import zone_of

from mail_ingest.formats import ahs_notes
from mail_ingest.formats.values import attribute, cents, email, local_time, phone
from mail_ingest.parsing import headers, xml
from mail_ingest.parsing.refused import Refused
from mail_ingest.parsing.xml import Element

ROOT = "VendorDispatch"

_NUMBER = re.compile(r"[0-9]{1,20}")
_EMAIL = re.compile(r"\*\s*(?i:Customer accepts email communication)\s*:([^\n]*)")
_TEXTS = re.compile(r"\*\s*(?i:Customer accepts text communication)\s*:\s*(\+?[0-9(][0-9\s().+/,;&-]*[0-9])")
_CANCELLED = re.compile(r"CANCEL(?:L?ED|LATION|ATION)\b")

_PEOPLE = (
    ("ContractCustomerList", "ContractCustomer", "customer"),
    ("DispatchContactList", "DispatchContact", "contact"),
    ("ContractContactList", "ContractContact", "contract_contact"),
)
_MAY_BE_ADDED = ("DispatchList", "Contract", "Vendor", "DispatchActivityInfo")
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
    number = attribute(dispatch, "Id")
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
    name, _, wanted = path.partition("/@")
    waiting = [root]
    while waiting:
        element = waiting.pop(0)
        if element.name == name:
            element.attributes[wanted] = value
            return
        waiting += element.children
    if name not in _MAY_BE_ADDED:
        raise Refused("no_such_field", f"The document has no {name}, so {path} cannot be corrected.")
    root.children.append(Element(name, {wanted: value}))


def _content(root: Element, dispatch: Element, number: str, warnings: list[str]) -> dict[str, Any]:
    activity = root.first("DispatchActivityInfo") or _NOBODY
    contract = root.first("Contract") or _NOBODY
    address = _address(contract.first("CoveredProperty") or _NOBODY)
    zone = zone_of(address["state"], address["zip"])
    notes = ahs_notes.read(root)
    # The one spelling that was seen, and the one that all other attributes of the document follow.
    kind = attribute(dispatch, "dispatchTypeValueList") or attribute(dispatch, "DispatchTypeValueList")
    said = "\n".join([f"{note['header'] or ''}\n{note['text']}" for note in notes]).upper()
    if _CANCELLED.search(said) and not (kind or "").upper().startswith("CANCEL"):
        warnings.append(
            "A note speaks of a cancellation, but the dispatch is not marked as cancelled: look at it."
        )
    return {
        "number": number,
        "vendor": _vendor(root.first("Vendor") or _NOBODY),
        "departments": [
            {"name": attribute(department, "Name"), "phones": _phones(department)}
            for listed in root.all("DepartmentList")
            for department in listed.all("Department")
        ],
        "activity_type": attribute(activity, "DispatchActivityType"),
        "authorization_required": (attribute(activity, "IsAuthoRequired") or "").lower() in ("true", "1"),
        "contract": {
            "id": attribute(contract, "ContractId"),
            "plan_code": attribute(contract, "FormCode"),
            "effective_date": attribute(contract, "ContractEffectiveDate"),
            "expiration_date": attribute(contract, "ContractExpirationDate"),
            "listing_effective_date": attribute(contract, "ListingEffectiveDate"),
            "listing_expiration_date": attribute(contract, "ListingExpirationDate"),
        },
        "service_address": address,
        "people": [
            {"role": role, "name": attribute(person, "Name"), "phones": _phones(person)}
            for listed, each, role in _PEOPLE
            for people in root.all(listed)
            for person in people.all(each)
        ],
        "email": email(ahs_notes.said(notes, _EMAIL), warnings),
        "text_consent": phone(ahs_notes.said(notes, _TEXTS), warnings),
        "dispatched_at": local_time(attribute(dispatch, "DispatchDateTime"), zone, warnings),
        "priority": attribute(dispatch, "dispatchPriorityValueList")
        or attribute(dispatch, "DispatchPriorityValueList"),
        "dispatch_type": kind,
        "trade": attribute(dispatch, "Trade"),
        "fee": {
            "amount": cents(attribute(dispatch, "ServiceFeeAmount"), warnings),
            "paid": cents(attribute(dispatch, "ServiceFeePaidAmount"), warnings),
            "open": cents(attribute(dispatch, "ServiceFeeOpenAmount"), warnings),
        },
        "do_not_collect": ahs_notes.forbid_the_fee(notes, warnings),
        "lines": [_line(line) for line in dispatch.all("WorkOrderLineList")],
        "notes": notes,
    }


def _phones(element: Element) -> list[dict[str, str | None]]:
    return [
        {"type": attribute(phone, "Type"), "number": number}
        for phone in element.all("PhoneNumber")
        if (number := attribute(phone, "Number"))
    ]


def _vendor(vendor: Element) -> dict[str, Any]:
    address = _address(vendor.first("CommercialProperty") or _NOBODY)
    return {
        "id": attribute(vendor, "Id"),
        "name": attribute(vendor, "Name"),
        "phones": _phones(vendor),
        "address": address if any(address.values()) else None,
    }


def _address(place: Element) -> dict[str, str | None]:
    street = (
        attribute(place, "StreetNumber"),
        attribute(place, "StreetDirection"),
        attribute(place, "StreetName"),
    )
    unit = (attribute(place, "UnitType"), attribute(place, "UnitNumber"))
    return {
        "street": " ".join(filter(None, street)) or None,
        "unit": " ".join(filter(None, unit)) or None,
        "city": attribute(place, "CityName"),
        "state": attribute(place, "StateCode"),
        "zip": attribute(place, "ZipPostCode"),
        "zip4": attribute(place, "ZipPlus4"),
    }


def _line(line: Element) -> dict[str, Any]:
    return {
        "line_id": attribute(line, "Id"),
        "description": attribute(line, "Description"),
        "symptoms": [name for symptom in line.all("Symptom") if (name := attribute(symptom, "Name"))],
        "attributes": {
            name: value
            for pair in line.all("Attribute")
            if (name := attribute(pair, "Name")) and (value := attribute(pair, "Value"))
        },
    }
