from collections import Counter

from dispatch.changes import Change, changes, fields
from hypothesis import given
from hypothesis import strategies as st
from shared.events.dispatch import (
    Address,
    Contract,
    Department,
    DispatchContent,
    Fee,
    Note,
    Person,
    Phone,
    WorkOrderLine,
)

words = st.none() | st.sampled_from(["A", "B", "Symptoms", "12 N SAMPLE ST"])
phones = st.lists(
    st.builds(Phone, type=words, number=st.sampled_from(["5550100", "5550101"])), max_size=2
).map(tuple)


def several(strategy: st.SearchStrategy[object]) -> st.SearchStrategy[tuple[object, ...]]:
    return st.lists(strategy, max_size=3).map(tuple)


contents = st.builds(
    DispatchContent,
    number=st.just("40000001"),
    departments=several(st.builds(Department, name=words, phones=phones)),
    contract=st.builds(Contract, id=words, plan_code=words),
    service_address=st.builds(Address, street=words, zip=words),
    people=several(
        st.builds(Person, role=st.sampled_from(["customer", "contact"]), name=words, phones=phones)
    ),
    priority=words,
    trade=words,
    fee=st.builds(Fee, amount=st.none() | st.integers(0, 2), open=st.none() | st.integers(0, 2)),
    do_not_collect=st.booleans(),
    lines=several(
        st.builds(
            WorkOrderLine,
            line_id=words,
            description=words,
            symptoms=st.lists(st.sampled_from(["hot", "cold"]), max_size=2).map(tuple),
            attributes=st.dictionaries(st.sampled_from(["Brand", "symptoms"]), st.just("Acme"), max_size=2),
        )
    ),
    notes=several(
        st.builds(Note, kind=st.sampled_from(["message", "coverage"]), text=st.sampled_from(["x", "y"]))
    ),
)


def notes(content: DispatchContent) -> Counter[tuple[str, str]]:
    return Counter((f"notes[{note.kind}]", note.text) for note in content.notes)


@given(contents, contents)
def test_changes_lead_from_the_old_content_to_the_new(old: DispatchContent, new: DispatchContent) -> None:
    now, texts = fields(old), notes(old)
    for path, before, after in changes(old, new):
        assert before != after
        if path.startswith("notes["):
            texts.subtract({(path, before or after or ""): 1 if before else -1})
        else:
            assert now.pop(path, None) == before
            if after is not None:
                now[path] = after
    assert now == fields(new)
    assert +texts == notes(new)


@given(contents)
def test_the_same_content_has_no_changes(content: DispatchContent) -> None:
    assert changes(content, content) == []
    turned = content.model_copy(update={"notes": content.notes[::-1]})
    assert changes(content, turned) == []


def test_paths_are_readable() -> None:
    old = DispatchContent(
        number="1",
        people=(Person(role="contact", name="PAT", phones=(Phone(type="CELL", number="5550100002"),)),),
        lines=(WorkOrderLine(line_id="1", description="Refrigerator", symptoms=("warm",)),),
        notes=(Note(kind="message", text="gate code 1"),),
        fee=Fee(open=10000),
    )
    new = DispatchContent(
        number="1",
        people=(
            Person(role="contact", name="PAT"),
            Person(role="contact", name="SAM"),
        ),
        lines=(
            WorkOrderLine(line_id="1", description="Refrigerator", symptoms=("warm", "loud")),
            WorkOrderLine(line_id="2", description="Oven", attributes={"Brand": "Acme"}),
        ),
        notes=(Note(kind="coverage", header="Added", text="Rust"),),
    )
    assert changes(old, new) == [
        Change("fee.open", "10000", None),
        Change("people[contact].phones", "CELL 5550100002", None),
        Change("lines[1].symptoms", "warm", "warm; loud"),
        Change("people[contact 2].name", None, "SAM"),
        Change("lines[2].description", None, "Oven"),
        Change("lines[2].attributes.Brand", None, "Acme"),
        Change("notes[message]", "gate code 1", None),
        Change("notes[coverage]", None, "Added: Rust"),
    ]
