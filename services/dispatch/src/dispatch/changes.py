"""What differs between two contents of one dispatch, field by field, in words that a dispatcher reads."""

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple, TypeVar

from shared.events.dispatch import Address, DispatchContent, Note, Phone

T = TypeVar("T")


class Change(NamedTuple):
    """`path` is like `service_address.street`, `lines[1].symptoms` or `people[contact].phones`. None: not
    given. A note that was added has no `old`, one that went away no `new`; several equal notes are several
    changes."""

    path: str
    old: str | None
    new: str | None


def changes(old: DispatchContent, new: DispatchContent) -> list[Change]:
    """Empty when a person would see no difference; the order of notes is none."""
    before, after = fields(old), fields(new)
    paths = [*before, *(path for path in after if path not in before)]
    found = [
        Change(path, before.get(path), after.get(path))
        for path in paths
        if before.get(path) != after.get(path)
    ]
    gone, come = _notes(old.notes), _notes(new.notes)
    found += [Change(f"notes[{kind}]", text, None) for kind, text in (gone - come).elements()]
    found += [Change(f"notes[{kind}]", None, text) for kind, text in (come - gone).elements()]
    return found


def fields(content: DispatchContent) -> dict[str, str]:
    """All that was given, flat, without the notes. Two with the same fields and notes are one content."""
    found: dict[str, str | None] = {
        "activity_type": content.activity_type,
        "authorization_required": "yes" if content.authorization_required else None,
        "email": content.email,
        "text_consent": content.text_consent,
        "dispatched_at": content.dispatched_at,
        "priority": content.priority,
        "dispatch_type": content.dispatch_type,
        "trade": content.trade,
        "do_not_collect": "yes" if content.do_not_collect else None,
        **{f"fee.{name}": _text(value) for name, value in content.fee},
        **{f"contract.{name}": value for name, value in content.contract},
        **_address("service_address", content.service_address),
        "vendor.id": content.vendor.id,
        "vendor.name": content.vendor.name,
        "vendor.phones": _phones(content.vendor.phones),
        **(_address("vendor.address", content.vendor.address) if content.vendor.address else {}),
    }
    for key, person in _keyed((person.role, person) for person in content.people):
        found[f"people[{key}].name"] = person.name
        found[f"people[{key}].phones"] = _phones(person.phones)
    for key, department in _keyed((one.name or "", one) for one in content.departments):
        found[f"departments[{key}].name"] = department.name
        found[f"departments[{key}].phones"] = _phones(department.phones)
    for key, line in _keyed((line.line_id or "", line) for line in content.lines):
        found[f"lines[{key}].description"] = line.description
        found[f"lines[{key}].symptoms"] = "; ".join(line.symptoms)
        found |= {f"lines[{key}].attributes.{name}": value for name, value in line.attributes.items()}
    return {path: value for path, value in found.items() if value}


def _keyed(items: Iterable[tuple[str, T]]) -> list[tuple[str, T]]:
    """Each with a key of its own: the second `contact` is `contact 2`, one without a name is its place."""
    seen: Counter[str] = Counter()
    keyed: list[tuple[str, T]] = []
    for name, item in items:
        seen[name] += 1
        keyed.append((" ".join([name] * bool(name) + [str(seen[name])] * (not name or seen[name] > 1)), item))
    return keyed


def _notes(notes: tuple[Note, ...]) -> Counter[tuple[str, str]]:
    return Counter((note.kind, f"{note.header}: {note.text}" if note.header else note.text) for note in notes)


def _address(path: str, address: Address) -> dict[str, str | None]:
    return {f"{path}.{name}": value for name, value in address}


def _phones(phones: tuple[Phone, ...]) -> str:
    return ", ".join(f"{phone.type} {phone.number}" if phone.type else phone.number for phone in phones)


def _text(value: int | str | None) -> str | None:
    return None if value is None else str(value)
