"""Values that partners write as text. What cannot be read is reported and left out, never guessed."""

import re
from datetime import datetime

from mail_ingest.parsing import headers
from mail_ingest.parsing.xml import Element

_AMOUNT = re.compile(r"(-?)\$?\s*([0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,12})?(?:\.([0-9]{0,2})0*)?")


def cents(given: str | None, warnings: list[str]) -> int | None:
    """Minor units of a decimal text. What is no amount of whole cents is reported, never rounded."""
    if given is None:
        return None
    found = _AMOUNT.fullmatch(given)
    if found and (found[2] or found[3]):
        cents = int((found[2] or "0").replace(",", "")) * 100 + int((found[3] or "").ljust(2, "0"))
        return -cents if found[1] else cents
    warnings.append(f"{headers.safe(given, 40)!r} is no amount of money: the fee is stored without it.")
    return None


def local_time(given: str | None, warnings: list[str]) -> str | None:
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


def attribute(element: Element, name: str) -> str | None:
    """The attribute with runs of blanks as one, or None where it is missing or blank."""
    given = element.attributes.get(name)
    return (" ".join(given.split()) or None) if given else None
