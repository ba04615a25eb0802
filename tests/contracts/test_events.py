"""Events may grow by optional fields. Anything else breaks a service that was not deployed with its sender:
the schemas of what was once sent stand in events/, and additions alone are allowed.

A new event or field is added to events/ by running this file: python tests/contracts/test_events.py
"""

import copy
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from embedded.house import SERVICES
from shared.asyncapi import as_yaml, document
from shared.events import Event
from shared.service import Service

GOLDEN = Path(__file__).parent / "events"
NAMES = sorted(Event.registry)
_WORDS = {"title", "description", "$defs", "properties", "required", "additionalProperties"}


def schema(name: str) -> dict[str, Any]:
    return Event.registry[name].model_json_schema()


def golden(name: str) -> dict[str, Any]:
    path = GOLDEN / f"{name}.json"
    assert path.exists(), f"{name} is new: keep its schema with `python {Path(__file__).name}`"
    return json.loads(path.read_text())


def breaks(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    """What a hearer or sender of `old` would not understand of `new`."""
    return list(_breaks(old, new, old, new, "$"))


def _breaks(old: Any, new: Any, old_root: Any, new_root: Any, where: str) -> list[str]:
    old, new = _resolved(old, old_root), _resolved(new, new_root)
    found: list[str] = []
    for name, value in old.get("properties", {}).items():
        if name not in new.get("properties", {}):
            found.append(f"{where}.{name} is gone")
        else:
            found += _breaks(value, new["properties"][name], old_root, new_root, f"{where}.{name}")
    if set(old.get("required", ())) != set(new.get("required", ())):
        found.append(f"{where}: other fields are required")
    for word in {*old, *new} - _WORDS:
        found += _compared(word, old.get(word), new.get(word), old_root, new_root, f"{where}/{word}")
    values = old.get("additionalProperties"), new.get("additionalProperties")
    if all(isinstance(value, dict) for value in values):
        found += _breaks(*values, old_root, new_root, f"{where}.*")
    elif values[0] != values[1]:
        found.append(f"{where}: other names are allowed")
    return found


def _compared(word: str, old: Any, new: Any, old_root: Any, new_root: Any, where: str) -> list[str]:
    if word == "items" and isinstance(old, dict) and isinstance(new, dict):
        return _breaks(old, new, old_root, new_root, where)
    if word == "anyOf" and old and new and len(old) == len(new):
        pairs = zip(old, new, strict=True)
        return [each for one, other in pairs for each in _breaks(one, other, old_root, new_root, where)]
    return [] if old == new else [f"{where} changed"]


def _resolved(node: dict[str, Any], root: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in node:
        return node
    rest = {key: value for key, value in node.items() if key != "$ref"}
    return {**root["$defs"][node["$ref"].rsplit("/", 1)[1]], **rest}


@pytest.mark.parametrize("name", NAMES)
def test_an_event_only_grows(name: str) -> None:
    found = breaks(golden(name), schema(name))
    assert not found, f"{'; '.join(found)}: make a new version of {name} beside this one"


@pytest.mark.parametrize("name", NAMES)
def test_what_was_added_is_kept(name: str) -> None:
    assert golden(name) == schema(name), f"keep the additions: python {Path(__file__).name}"


def test_no_event_goes_away() -> None:
    assert {path.stem for path in GOLDEN.glob("*.json")} == set(NAMES)


def _without_field(new: dict[str, Any]) -> None:
    del new["properties"]["outcome"]


def _renamed_value(new: dict[str, Any]) -> None:
    new["properties"]["outcome"]["enum"].append("lost")


def _other_type(new: dict[str, Any]) -> None:
    new["properties"]["mail_id"]["type"] = "integer"


def _required(new: dict[str, Any]) -> None:
    new["properties"]["cause"] = {"type": "string"}
    new["required"].append("cause")


def _not_null(new: dict[str, Any]) -> None:
    new["properties"]["reason"] = {"type": "string"}


@pytest.mark.parametrize("change", [_without_field, _renamed_value, _other_type, _required, _not_null])
def test_a_breaking_change_is_seen(change: Any) -> None:
    old = schema("dispatch.resolved.v1")
    new = copy.deepcopy(old)
    change(new)
    assert breaks(old, new)


def test_a_breaking_change_deep_inside_is_seen() -> None:
    old = schema("dispatch.received.v1")
    new = copy.deepcopy(old)
    new["$defs"]["Phone"]["properties"]["number"]["type"] = "integer"
    assert any("phones" in found for found in breaks(old, new))


def test_an_optional_field_is_no_breaking_change() -> None:
    old = schema("dispatch.received.v1")
    new = copy.deepcopy(old)
    new["$defs"]["Phone"]["properties"]["note"] = {"anyOf": [{"type": "string"}, {"type": "null"}]}
    assert not breaks(old, new)


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_a_service_handles_what_names_it_as_hearer(service: Service) -> None:
    """Neither an event that waits for ever in a queue, nor a handler that is never called."""
    named = {name for name, event in Event.registry.items() if service.name in event.heard_by}
    assert set(service.handlers.by_name) == named


def test_every_hearer_is_a_service() -> None:
    hearers = {hearer for event in Event.registry.values() for hearer in event.heard_by}
    assert hearers <= {service.name for service in SERVICES}


def test_the_asyncapi_document_holds_every_event_and_its_references_resolve() -> None:
    found = yaml.safe_load(as_yaml(document(SERVICES)))
    assert set(found["channels"]) == set(NAMES)
    heard = {operation["channel"]["$ref"] for operation in found["operations"].values()}
    assert heard == {f"#/channels/{name}" for name in NAMES if Event.registry[name].heard_by}
    references = _references(found)
    assert len(references) > len(NAMES)
    for reference in references:
        node = found
        for step in reference.removeprefix("#/").split("/"):
            node = node[step]


def _references(node: Any) -> list[str]:
    if isinstance(node, dict):
        own = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
        return own + [each for value in node.values() for each in _references(value)]
    return [each for value in node for each in _references(value)] if isinstance(node, list) else []


if __name__ == "__main__":
    for each in NAMES:
        kept = GOLDEN / f"{each}.json"
        if kept.exists() and (broken := breaks(json.loads(kept.read_text()), schema(each))):
            raise SystemExit(f"{'; '.join(broken)}: make a new version of {each} beside this one")
        kept.write_text(json.dumps(schema(each), indent=1, ensure_ascii=False) + "\n")
