import json
from datetime import UTC, datetime
from time import process_time

import cost
import pytest
from dispatch.partners import PROTOCOLS, Account, Protocol, Update, judge, render, scrub
from dispatch.partners.base import LONGEST_ANSWER, SuccessRule
from dispatch.partners.templates import written
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import SecretStr, ValidationError

ACCOUNT = Account("https://partner.example/status", "C-1", "office", SecretStr('s3"<&>\\ret'))
UPDATE = Update(
    id="0198",
    number="40000001",
    code="30",
    name="Appointment Set",
    at=datetime(2026, 3, 8, 14, tzinfo=UTC),
    local="2026-03-08T09:00:00",
    note=None,
    sent=datetime(2026, 3, 1, tzinfo=UTC),
)
MSC = PROTOCOLS["myservicecentral"]
RULE = SuccessRule(path="result", accepted="(?i)success")


def test_the_default_request() -> None:
    request = render(MSC, ACCOUNT, UPDATE)
    assert (request.method, request.url) == ("POST", "https://partner.example/status")
    assert request.headers["Idempotency-Key"] == "0198"
    assert json.loads(request.body) == {
        "companyId": "C-1",
        "userId": "office",
        "password": 's3"<&>\\ret',
        "updateId": "0198",
        "dispatchId": "40000001",
        "statusCode": "30",
        "statusName": "Appointment Set",
        "statusDateTime": "2026-03-08T09:00:00",
        "note": None,
    }


@given(st.text(), st.text())
def test_no_value_breaks_out_of_the_json(note: str, company: str) -> None:
    request = render(MSC, ACCOUNT._replace(company_id=company), UPDATE._replace(note=note))
    said = json.loads(request.body)
    assert (said["note"], said["companyId"]) == (note, company)


@given(st.text())
def test_no_value_makes_a_second_header(value: str) -> None:
    protocol = Protocol(headers={"X-Company": "{{ account.company_id }}"}, success=RULE)
    account = ACCOUNT._replace(company_id=value)
    if any(letter in value for letter in "\r\n\0"):
        with pytest.raises(ValueError, match="line break"):
            render(protocol, account, UPDATE)
    else:
        assert render(protocol, account, UPDATE).headers == {"X-Company": value}


def test_a_soap_protocol_is_only_other_data() -> None:
    protocol = Protocol(
        url="{{ account.url }}/{{ update.number | url }}",
        headers={"Content-Type": "text/xml"},
        body="<S><P>{{ account.password | xml }}</P><C>{{ update.code | xml }}</C></S>",
        success=SuccessRule(accepted="<Result>(?:0|OK)</Result>", refused="<Result>"),
    )
    request = render(protocol, ACCOUNT, UPDATE._replace(number="a/b c"))
    assert request.url == "https://partner.example/status/a%2Fb%20c"
    assert request.body == b"<S><P>s3&quot;&lt;&amp;&gt;\\ret</P><C>30</C></S>"
    rule = protocol.success
    assert judge(rule, 200, b"<A><Result>OK</Result></A>").state == "accepted"
    assert judge(rule, 200, b"<A><Result>17</Result></A>").state == "refused"
    assert judge(rule, 200, b"<html>maintenance</html>").state == "unknown"
    assert judge(rule, 200, b" \n").state == "unknown"


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("{{ update.nothing }}", "does not fit"),
        ("{{ ''.__class__.__mro__ }}", "looks inside a value"),
        ("{{ account.__class__ }}", "does not fit"),
        ("{{ 1 / 0 }}", "uses Div"),
        ("ftp://partner.example", "must begin with https"),
        ("", "must begin with https"),
    ],
)
def test_a_template_that_does_not_work_is_told(template: str, said: str) -> None:
    protocol = Protocol.model_construct(url=template, headers={}, body="", method="POST", success=RULE)
    with pytest.raises(ValueError, match=said):
        render(protocol, ACCOUNT, UPDATE)


@pytest.mark.parametrize(
    "body",
    [
        "{% for a in range(99999) %}{% for b in range(99999) %}x{% endfor %}{% endfor %}",
        "{{ 'a' * 300000000 }}",
        "{{ 'a' ** 3 }}",
        "{{ '%999999999d' % 1 }}",
        "{{ '%999999999d' | format(1) }}",
        "{{ update.code | center(300000000) }}",
        "{{ update.number.ljust(300000000) }}",
        "{{ update.at | date('%999999999d') }}",
        "{% set a = update.code %}{{ a }}",
        "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
        "{{ [update] | map(attribute='code') | join }}",
        "{{ " + "(" * 5_000 + "1" + ")" * 5_000 + " }}",
        "{{ " + "not " * 5_000 + "1 }}",
        "{% if 1 %}" * 200 + "x" + "{% endif %}" * 200,
        "{{ cycler }}",
        "{{ self }}",
        "{% include 'x' %}",
    ],
)
def test_a_template_costs_no_more_than_its_length(body: str) -> None:
    start = process_time()
    with pytest.raises(ValidationError):
        Protocol(body=body, success=RULE)
    assert process_time() - start < 1


@pytest.mark.parametrize(
    "pattern", ["(a+)+$", "(a|a)*$", "(a|b|ab)*c", "(.*a){20}", "^(([a-z])+.)+[A-Z]([a-z])+$", r"(\w+\s?)+$"]
)
@pytest.mark.parametrize("path", [None, "state"])
def test_a_pattern_costs_no_more_than_the_answer_is_long(pattern: str, path: str | None) -> None:
    rule = SuccessRule(path=path, accepted=pattern, refused=pattern)

    def judged(text: str) -> object:
        return judge(rule, 200, b'{"state": "%s!"}' % text.encode())

    assert cost.ratio(judged, cost.SHAPES["letters"], 60_000) < cost.MOST


@pytest.mark.parametrize("pattern", [r"(?=a)", r"(a)\1", "(?<!a)b", "(", "a{2000}", "[", "(?P<x>a"])
def test_what_re2_has_not_is_refused_when_it_is_set(pattern: str) -> None:
    with pytest.raises(ValidationError, match="RE2's notation"):
        SuccessRule(accepted=pattern)


def test_an_answer_nested_without_end_cannot_be_read() -> None:
    assert judge(SuccessRule(path="a", accepted="b"), 200, b'{"a":' * 10_000).state == "unknown"


def test_a_template_writes_times_and_chooses() -> None:
    body = "{% if update.at %}{{ update.at | date('%m/%d/%Y %H:%M') }}{% else %}-{% endif %}"
    body += "{{ update.local | date('%d') }}"
    known = render(Protocol(body=body, success=RULE), ACCOUNT, UPDATE._replace(at=None, local=None))
    assert known.body == b"-"
    at = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
    later = UPDATE._replace(at=at, local="2026-03-03T02:00:00")
    told = render(Protocol(body=body, success=RULE), ACCOUNT, later)
    assert told.body == b"03/02/2026 08:0003"


def test_what_cannot_be_read_is_refused_when_it_is_set() -> None:
    with pytest.raises(ValidationError, match="template cannot be read"):
        Protocol(body="{{ update.", success=RULE)
    with pytest.raises(ValidationError, match="no regular expression"):
        SuccessRule(accepted="(")


@pytest.mark.parametrize(
    ("status", "body", "state"),
    [
        (200, b'{"result": "Success"}', "accepted"),
        (200, b'{"result": "Success, but no"}', "refused"),
        (200, b'{"result": "ERROR", "message": "unknown dispatch"}', "refused"),
        (200, b'{"result": null}', "refused"),
        (200, b'{"other": 1}', "unknown"),
        (200, b"[]", "unknown"),
        (200, b"<html>Success</html>", "unknown"),
        (200, b"\xff\xfe", "unknown"),
        (200, b"", "unknown"),
        (201, b'{"result": "Success"}', "refused"),
        (302, b"", "refused"),
        (401, b"wrong password", "refused"),
        (408, b"", "unknown"),
        (429, b"slow down", "unknown"),
        (500, b'{"result": "Success"}', "unknown"),
        (503, b"", "unknown"),
    ],
)
def test_an_answer_is_judged_by_what_it_says(status: int, body: bytes, state: str) -> None:
    verdict = judge(RULE, status, body)
    assert verdict.state == state
    assert verdict.answer.startswith(str(status))


def test_a_path_walks_lists_and_objects() -> None:
    rule = SuccessRule(path="errors.0.code", accepted="0")
    assert judge(rule, 200, b'{"errors": [{"code": 0}]}').state == "accepted"
    assert judge(rule, 200, b'{"errors": []}').state == "unknown"
    assert judge(SuccessRule(path="errors", accepted="null"), 200, b'{"errors":null}').state == "accepted"


@example('pa"ss', "", "xml")
@given(st.text(min_size=1), st.text(), st.sampled_from(["plain", "json", "xml", "url"]))
def test_secrets_never_come_back(secret: str, around: str, notation: str) -> None:
    template = {"plain": "{{ v }}", "json": "{{ v | json }}", "xml": "{{ v | xml }}", "url": "{{ v | url }}"}
    echoed = written(template[notation].replace("v", "update"), {"update": secret})
    marked = scrub(f"[{echoed}]", SecretStr(secret))
    assert "***" in marked or not secret.isprintable()
    assert len(scrub(around * 500, SecretStr(secret))) <= LONGEST_ANSWER
