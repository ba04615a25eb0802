"""Writes a status update as a partner's request and judges the answer. Bytes and values in, values out."""

import html
import json
import re
from datetime import datetime
from typing import Any, Literal, NamedTuple
from urllib.parse import quote, quote_plus
from xml.sax.saxutils import escape

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from dispatch.partners.templates import pattern, template, written

LONGEST_ANSWER = 2_000
_JUDGED = 64_000
_TRY_AGAIN = frozenset({408, 425, 429})
_MISSING = object()


class SuccessRule(BaseModel):
    """An HTTP status alone is no success: the body must say so.

    `path` names a value of a JSON answer (`result.state`); without it the whole body is read as text.
    `accepted` is a regular expression (RE2's notation) that the value must match as a whole, or that must be
    found in the text; `refused` likewise. Without `refused`, every readable answer that is not accepted is a
    refusal.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    statuses: tuple[int, ...] = Field((200,), min_length=1, max_length=20)
    path: str | None = Field(default=None, max_length=200)
    accepted: str = Field(min_length=1, max_length=500)
    refused: str | None = Field(default=None, max_length=500)

    @field_validator("accepted", "refused")
    @classmethod
    def _compiles(cls, text: str | None) -> str | None:
        pattern(text or "")
        return text


class Protocol(BaseModel):
    """Jinja templates over `account` (url, company_id, user_id, password) and `update` (the fields of
    `Update`), with {% if %}, and neither loops nor calls. Filters `json`, `xml` and `url` write a value
    safely into that notation, `date("%Y-%m-%d")` writes a time."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    method: Literal["POST", "PUT", "PATCH", "GET"] = "POST"
    url: str = Field("{{ account.url }}", min_length=1, max_length=2_000)
    headers: dict[str, str] = Field(default_factory=dict, max_length=30)
    body: str = Field("", max_length=20_000)
    success: SuccessRule

    @field_validator("url", "body", "headers")
    @classmethod
    def _compiles(cls, value: str | dict[str, str]) -> str | dict[str, str]:
        for text in value.values() if isinstance(value, dict) else (value,):
            template(text)
        return value


class Account(NamedTuple):
    url: str
    company_id: str
    user_id: str
    password: SecretStr


class Update(NamedTuple):
    """`id` is our own id of the update: a repeat carries the same. `number` is the partner's dispatch
    number, `code` and `name` its status. `at` is the time that goes with the code (aware UTC), `local` the
    same on the location's clock without a zone; both None where the code carries no time. `sent` is now."""

    id: str
    number: str
    code: str
    name: str
    at: datetime | None
    local: str | None
    note: str | None
    sent: datetime


class Request(NamedTuple):
    method: str
    url: str
    headers: dict[str, str]
    body: bytes


class Verdict(NamedTuple):
    """`unknown`: the partner may or may not have booked it, so it is sent again under the same id. `answer`
    is for a person: short and without secrets."""

    state: Literal["accepted", "refused", "unknown"]
    answer: str


def render(protocol: Protocol, account: Account, update: Update) -> Request:
    """Raises ValueError when a template asks for what is not there or would break out of its header."""
    words = {
        "account": {**account._asdict(), "password": account.password.get_secret_value()},
        "update": update,
    }
    url = written(protocol.url, words).strip()
    headers = {name: written(text, words) for name, text in protocol.headers.items()}
    body = written(protocol.body, words)
    if any(re.search(r"[\r\n\0]", text) for pair in headers.items() for text in pair):
        raise ValueError("a header of the request template holds a line break")
    if not re.match(r"https?://[^/\s]", url):
        raise ValueError("the request template's address must begin with https:// or http://")
    return Request(protocol.method, url, headers, body.encode())


def judge(rule: SuccessRule, status: int, body: bytes) -> Verdict:
    """An outage (5xx, 408, 425, 429) and an answer that cannot be read are unknown; other statuses than
    those of the rule are refusals. The answer still holds whatever secrets the partner echoed: see
    `scrub`."""
    text = body[:_JUDGED].decode("utf-8", errors="replace")
    answer = f"{status} {' '.join(text.split())}".strip()
    if status >= 500 or status in _TRY_AGAIN:
        return Verdict("unknown", answer)
    if status not in rule.statuses:
        return Verdict("refused", answer)
    said = _said(rule, text)
    if said is None:
        return Verdict("unknown", answer)
    if _fits(rule.accepted, rule, said):
        return Verdict("accepted", answer)
    if rule.refused is None or _fits(rule.refused, rule, said):
        return Verdict("refused", answer)
    return Verdict("unknown", answer)


def _fits(text: str, rule: SuccessRule, said: str) -> bool:
    known = pattern(text)
    return (known.fullmatch(said) if rule.path else known.search(said)) is not None


def scrub(answer: str, *secrets: SecretStr) -> str:
    """The answer without the secrets in any notation a partner may echo them in, cut to 2,000 characters."""
    for secret in secrets:
        plain = secret.get_secret_value()
        for notation in sorted(_notations(plain) - {""}, key=len, reverse=True):
            answer = answer.replace(notation, "***")
    clean = "".join(letter if letter.isprintable() else " " for letter in answer)
    return clean if len(clean) <= LONGEST_ANSWER else clean[: LONGEST_ANSWER - 1] + "…"


def _notations(plain: str) -> set[str]:
    quotes = {'"': "&quot;"}
    xml = {escape(plain), escape(plain, quotes), escape(plain, quotes | {"'": "&apos;"}), html.escape(plain)}
    as_json = {json.dumps(plain)[1:-1], json.dumps(plain, ensure_ascii=False)[1:-1]}
    return {plain, quote(plain, safe=""), quote_plus(plain), *xml, *as_json}


def _said(rule: SuccessRule, text: str) -> str | None:
    """What the rule looks at, or None where the answer cannot be read."""
    if rule.path is None:
        return text if text.strip() else None
    try:
        value: Any = json.loads(text)
    except (ValueError, RecursionError):
        return None
    for step in rule.path.split("."):
        if isinstance(value, list):
            value = value[int(step)] if step.isdigit() and int(step) < len(value) else _MISSING
        else:
            value = value.get(step, _MISSING) if isinstance(value, dict) else _MISSING
        if value is _MISSING:
            return None
    return value if isinstance(value, str) else json.dumps(value)
