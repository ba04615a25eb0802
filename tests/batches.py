"""Batches of mails for the reliability proofs: each mail knows what may become of it."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256

import letters

PROCESSED, UPDATED, CANCELLED = "processed", "updated", "cancelled"
DUPLICATE, UNABLE, IGNORED = "duplicate", "unable", "ignored"


@dataclass(frozen=True)
class Letter:
    """A mail as it is read from the mailbox, the dispatch it is about, and the outcomes that are right."""

    raw: bytes
    allowed: frozenset[str]
    number: str = ""
    sha256: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "sha256", sha256(self.raw).hexdigest())


_numbers = itertools.count(50_000_001)


def batch(size: int = 30) -> list[Letter]:
    """`size` mails: new dispatches, the same one again (other bytes, and the same bytes), an update, a
    cancellation, and mails that hold none, are hostile, or are not to be answered. No two batches share a
    number."""
    special = [
        *_repeated(),
        *_sent_twice(),
        *_changed(),
        *_cancelled(),
        *(Letter(raw, frozenset({UNABLE})) for raw in _refused()),
        Letter(_own_forward(), frozenset({IGNORED})),
    ]
    plain = [ordinary() for _ in range(size - len(special))]
    mixed = itertools.zip_longest(plain, special)
    return [letter for pair in mixed for letter in pair if letter is not None]


def ordinary() -> Letter:
    """A new dispatch of a new household."""
    number = _next()
    return Letter(dispatch(number), frozenset({PROCESSED}), number)


def dispatch(
    number: str, *, kind: str = "NORMAL", fee: str = "100.00", mail: int = 1, note: str = ""
) -> bytes:
    """The mail of one dispatch. All that names a household follows from the number."""
    document = f"""<?xml version="1.0" encoding="UTF-8"?>
<VendorDispatch>
  <Vendor Id="900001" Name="EXAMPLE HOME SERVICE LLC"/>
  <Contract ContractId="{contract(number)}" FormCode="PLANX">
    <CoveredProperty StreetNumber="{number}" StreetName="SAMPLE ST" CityName="ANYTOWN" StateCode="TX"
      ZipPostCode="75001" ZipPlus4=""/>
  </Contract>
  <ContractCustomerList><ContractCustomer Name="PAT EXAMPLE-{number}">
    <PhoneNumber Type="CELL" Number="512{number[-7:]}"/></ContractCustomer></ContractCustomerList>
  <DispatchList Id="{number}" dispatchTypeValueList="{kind}" DispatchDateTime="2026-01-05T11:41:19"
    ServiceFeeAmount="{fee}"><WorkOrderLineList Id="1" Description="Refrigerator"/></DispatchList>
  <MessageNotes>
    <MessageNotesDetail>*** Customer accepts email communication : {email(number)}</MessageNotesDetail>
  </MessageNotes>
</VendorDispatch>
"""
    field = f"Message-ID: <{number}.{mail}@msg.frontdoor.com>"
    kind_of = "Content-Type: multipart/mixed; boundary=b1"
    return letters.headed(letters.mixed(letters.part(document.encode())), field, kind_of)


def contract(number: str) -> str:
    return str(int(number) + 100_000_000)


def email(number: str) -> str:
    return f"c{number}@example.com"


def _repeated() -> Iterator[Letter]:
    number = _next()
    for mail in (1, 2):
        yield Letter(dispatch(number, mail=mail), frozenset({PROCESSED, DUPLICATE}), number)


def _sent_twice() -> Iterator[Letter]:
    number = _next()
    for _ in range(2):
        yield Letter(dispatch(number), frozenset({PROCESSED, DUPLICATE}), number)


def _changed() -> Iterator[Letter]:
    number = _next()
    yield Letter(dispatch(number), frozenset({PROCESSED}), number)
    yield Letter(dispatch(number, fee="125.00", mail=2), frozenset({UPDATED}), number)


def _cancelled() -> Iterator[Letter]:
    number = _next()
    yield Letter(dispatch(number), frozenset({PROCESSED}), number)
    yield Letter(dispatch(number, kind="CANCELLED", mail=2), frozenset({CANCELLED}), number)


def _refused() -> Iterator[bytes]:
    """Mails without a dispatch that may be taken; each time with other bytes."""
    tag = f"Message-ID: <{_next()}@example.com>"
    document = letters.DOCUMENT.encode()
    bomb = b'<!DOCTYPE a [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]>' + document.partition(b"?>")[2]
    mixed = "Content-Type: multipart/mixed; boundary=b1"
    yield letters.headed(b"No attachment here.\r\n", tag)
    yield letters.headed(letters.mixed(letters.part(bomb)), tag, mixed)
    yield letters.headed(letters.mixed(letters.part(document[:-40])), tag, mixed)
    yield letters.headed(letters.mixed(letters.part(document)), tag, mixed, checked=None)


def _own_forward() -> bytes:
    return letters.headed(
        b"Processed before.\r\n",
        f"Message-ID: <{_next()}@contractor.example>",
        "X-Callboard-Loop: office@contractor.example",
        sender="Callboard <office@contractor.example>",
    )


def _next() -> str:
    return str(next(_numbers))
