"""The ledger: what went in, held against what came out. The facts come from parties that the product cannot
touch (the test that delivered, the SMTP sink, the mailbox, the partner), and only then from its databases."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from email import message_from_bytes
from hashlib import sha256
from typing import Any

import batches
from batches import Letter

Row = Mapping[str, Any]
KINDS = {"processed": "processed", "updated": "processed", "cancelled": "processed"}


@dataclass
class Facts:
    """One run. `delivered` went into the mailbox, `left` is still there, `sent` is what the SMTP server took
    and `told` what the partner did; the rest are rows of the services' tables."""

    delivered: Sequence[Letter]
    left: Sequence[bytes]
    sent: Sequence[bytes]
    told: Sequence[Row]
    mails: Sequence[Row]
    forwards: Sequence[Row]
    dispatches: Sequence[Row]
    received: Sequence[Row]
    deliveries: Sequence[Row]
    waiting: Mapping[str, int] = field(default_factory=dict[str, int])
    dead: Sequence[str] = ()


def violations(facts: Facts, *, copies: bool = True) -> list[str]:
    """Everything that is not as it must be, in words; an empty list is the proof. `copies`: whether a forward
    may have gone out more than once (an answer of the mail server may have been lost)."""
    checks = (
        _conserved(facts),
        _outcomes(facts),
        _forwarded(facts, copies=copies),
        _dispatched(facts),
        _answered(facts),
        _told(facts),
        _quiet(facts),
    )
    return [violation for check in checks for violation in check]


def _conserved(facts: Facts) -> Iterator[str]:
    """Every mail that went in is in the log, and nothing else is; the mailbox is empty."""
    went_in = Counter(letter.sha256 for letter in facts.delivered)
    logged = Counter(mail["sha256"] for mail in facts.mails)
    for digest, count in went_in.items():
        if not logged[digest]:
            yield f"mail {digest[:8]} is lost"
        elif logged[digest] > count:
            yield f"mail {digest[:8]} came {count} times and is in the log {logged[digest]} times"
    for digest in logged.keys() - went_in.keys():
        yield f"mail {digest[:8]} is in the log and never came"
    for raw in facts.left:
        yield f"mail {sha256(raw).hexdigest()[:8]} is still in the mailbox"


def _outcomes(facts: Facts) -> Iterator[str]:
    """Exactly one outcome each, and one that is right."""
    letters = {letter.sha256: letter for letter in facts.delivered}
    for mail in facts.mails:
        letter = letters.get(mail["sha256"])
        if mail["state"] != "settled":
            yield f"mail {mail['sha256'][:8]} is {mail['state']}, not settled"
        elif letter is not None and mail["outcome"] not in letter.allowed:
            yield f"mail {_name(letter)} is {mail['outcome']} ({mail['reason']}), not {_list(letter.allowed)}"
    made = Counter(mail["number"] for mail in facts.mails if mail["outcome"] == "processed")
    for number in {letter.number for letter in facts.delivered if letter.number}:
        if made[number] != 1:
            yield f"dispatch {number} was made by {made[number]} mails"


def _forwarded(facts: Facts, *, copies: bool) -> Iterator[str]:
    """Each mail that is not ignored went to the office, whole, under one Message-ID a kind, and no other
    did."""
    sent: dict[str, Counter[str]] = defaultdict(Counter)
    for message in map(message_from_bytes, facts.sent):
        digest = str(message["X-Callboard-Original-SHA256"])
        sent[digest][str(message["Message-ID"])] += 1
        if sha256(_original(message)).hexdigest() != digest:
            yield f"a forward of {digest[:8]} does not hold the original"
    due: dict[str, Counter[str]] = defaultdict(Counter)
    for mail in facts.mails:
        if mail["outcome"] not in (None, "ignored"):
            due[mail["sha256"]][KINDS.get(mail["outcome"], "unable")] += 1
    for digest in due.keys() | sent.keys():
        yield from _copies(digest[:8], due[digest], sent[digest], copies=copies)
    for forward in facts.forwards:
        if forward["state"] != "sent":
            yield f"forward {forward['id']} is {forward['state']}: {forward['error']}"


def _copies(digest: str, due: Counter[str], sent: Counter[str], *, copies: bool) -> Iterator[str]:
    """`due` counts forwards by kind, `sent` by Message-ID, which names the kind."""
    if len(sent) != len(due):
        yield f"mail {digest}: sent under {len(sent)} Message-IDs, due were {len(due)}"
    for kind, count in due.items():
        found = sum(many for name, many in sent.items() if name.startswith(f"<{kind}."))
        if found < count or (found > count and not copies):
            yield f"mail {digest}: {found} forwards ({kind}) were sent, due were {count}"


def _dispatched(facts: Facts) -> Iterator[str]:
    """Each number that came has one dispatch, which says what its mails said and knows its customer."""
    came = {letter.number for letter in facts.delivered if letter.number}
    found = Counter(row["number"] for row in facts.dispatches)
    yield from (f"dispatch {number} does not exist" for number in came - found.keys())
    yield from (f"dispatch {number} has no cause" for number in found.keys() - came)
    yield from (f"dispatch {number} exists {count} times" for number, count in found.items() if count > 1)
    for row in facts.dispatches:
        number, content = row["number"], row["content"]
        said = (content["number"], content["contract"]["id"], content["email"])
        if said != (number, batches.contract(number), batches.email(number)):
            yield f"dispatch {number} holds another one's content"
        if row["customer_id"] is None:
            yield f"dispatch {number} has no customer"


def _answered(facts: Facts) -> Iterator[str]:
    """The mail log and the dispatch service tell the same story of each mail."""
    told = {row["mail_id"]: row for row in facts.received}
    for mail in facts.mails:
        answer = told.pop(mail["id"], None)
        if mail["dispatch_id"] is not None and answer is None:
            yield f"mail {mail['sha256'][:8]} names a dispatch that never heard of it"
        elif answer is not None and (answer["outcome"], answer["dispatch_id"]) != (
            mail["outcome"],
            mail["dispatch_id"],
        ):
            yield f"mail {mail['sha256'][:8]} is {mail['outcome']} here and {answer['outcome']} there"
    yield from (f"the dispatch service heard of mail {mail_id}, which is not in the log" for mail_id in told)


def _told(facts: Facts) -> Iterator[str]:
    """The partner was told each update in order; a repeat carries the id of the one before."""
    booked: dict[str, list[str]] = defaultdict(list)
    for entry in facts.told:
        if entry["updateId"] not in booked[entry["dispatchId"]]:
            booked[entry["dispatchId"]].append(entry["updateId"])
    due: dict[str, list[str]] = defaultdict(list)
    for row in sorted(facts.deliveries, key=lambda row: (row["version"], row["id"])):
        due[row["number"]].append(row["id"])
        if row["state"] != "accepted":
            yield f"the update {row['id']} of dispatch {row['number']} is {row['state']}"
    for number in due.keys() | booked.keys():
        if due[number] != booked[number]:
            yield f"dispatch {number}: the partner was told {booked[number]}, due was {due[number]}"
    for number in {row["number"] for row in facts.dispatches} - due.keys():
        yield f"nothing was ever due to the partner for dispatch {number}"


def _quiet(facts: Facts) -> Iterator[str]:
    yield from (f"{count} events wait in {name}" for name, count in facts.waiting.items() if count)
    yield from (f"a dead letter: {letter}" for letter in facts.dead)


def _original(message: Any) -> bytes:
    return message.get_payload()[1].get_payload(decode=True)


def _name(letter: Letter) -> str:
    return f"{letter.sha256[:8]} of dispatch {letter.number}" if letter.number else letter.sha256[:8]


def _list(outcomes: Iterable[str]) -> str:
    return " or ".join(sorted(outcomes))
