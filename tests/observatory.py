"""The rules of Mozilla's HTTP Observatory, as its documentation gives them: what headers are worth.

A site begins with 100 points; bonus points count from 90 on; 100 and more is an A+. Redirection to https and
preloading are for who runs the servers, and left out.
"""

import re
from base64 import b64encode
from collections.abc import Mapping, Sequence
from hashlib import sha256
from http.cookies import SimpleCookie

import httpx

BONUS_FROM, A_PLUS = 90, 100
NEVER = ("server", "x-powered-by", "access-control-allow-origin", "via")
HALF_A_YEAR = 15_768_000


def is_safe(answer: httpx.Response, kind: str, *, public: bool = False) -> None:
    """Fails for an answer that would not get an A+, or that lets its page do more than it must. One that is
    public may be kept by proxies."""
    html = answer.text if answer.headers.get("content-type", "").startswith("text/html") else ""
    points, why = score(answer.headers, answer.headers.get_list("set-cookie"), html)
    assert points >= A_PLUS, f"{kind}: {points}, {why}"
    assert not [name for name in NEVER if name in answer.headers], kind
    policy = directives(answer.headers["content-security-policy"])
    assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == ["'none'"], kind
    if html:
        assert not re.search(r"<script(?![^>]*src=)|\sstyle=|\son\w+=", html), "inline, and so not run"
        for style in re.findall(r"<style>(.*?)</style>", html, re.DOTALL):
            assert f"'sha256-{b64encode(sha256(style.encode()).digest()).decode()}'" in policy["style-src"]
    else:
        assert policy.keys() == {"default-src", "frame-ancestors", "base-uri", "form-action"}, kind
    assert answer.headers["cross-origin-opener-policy"] == "same-origin"
    assert "max-age=31536000" in answer.headers["strict-transport-security"]
    kept = answer.headers["cache-control"]
    assert public or re.match("no-store|private", kept), f"{kind}: {kept}"


def score(
    headers: Mapping[str, str], cookies: Sequence[str] = (), html: str = ""
) -> tuple[int, dict[str, int]]:
    """The points, and what changed them. Header names are lower case; `html` is the page, where it is one."""
    policy = directives(headers.get("content-security-policy", ""))
    found = {
        "content-security-policy": _policy(policy),
        "cookies": min((_cookie(each) for each in cookies), default=0),
        "cors": -50 if headers.get("access-control-allow-origin") == "*" else 0,
        "referrer-policy": _referrer(headers.get("referrer-policy", "")),
        "strict-transport-security": _transport(headers.get("strict-transport-security", "")),
        "subresource-integrity": _scripts(html),
        "x-content-type-options": 0 if headers.get("x-content-type-options") == "nosniff" else -5,
        "x-frame-options": _frames(policy, headers.get("x-frame-options", "")),
        "cross-origin-resource-policy": 10
        if headers.get("cross-origin-resource-policy") in ("same-origin", "same-site")
        else 0,
    }
    points = 100 + sum(value for value in found.values() if value < 0)
    if points >= BONUS_FROM:
        points += sum(value for value in found.values() if value > 0)
    return points, found


def directives(policy: str) -> dict[str, list[str]]:
    parts = [part.split() for part in policy.split(";") if part.strip()]
    return {name.lower(): values for name, *values in parts}


def _policy(policy: dict[str, list[str]]) -> int:
    if not policy:
        return -25
    default = policy.get("default-src", ["*"])
    scripts, styles = policy.get("script-src", default), policy.get("style-src", default)
    broad = {"*", "http:", "https:", "data:", "'unsafe-inline'"}
    if broad & {*scripts} or broad & {*policy.get("object-src", default)}:
        return -20
    if "'unsafe-eval'" in (*scripts, *styles):
        return -10
    if broad & {*styles}:
        return 0
    return 10 if default == ["'none'"] else 5


def _cookie(line: str) -> int:
    ((name, cookie),) = SimpleCookie(line).items()
    session = not name.startswith("csrf")
    if not cookie["secure"]:
        return -40 if session else -20
    if not cookie["httponly"] and session:
        return -30
    return 5 if cookie["samesite"].lower() in ("lax", "strict") else -20


def _referrer(policy: str) -> int:
    private = ("no-referrer", "same-origin", "strict-origin", "strict-origin-when-cross-origin")
    return 5 if policy in private else -5 if policy else 0


def _transport(value: str) -> int:
    parts = dict(part.strip().partition("=")[::2] for part in value.lower().split(";"))
    if "max-age" not in parts:
        return -20
    return 0 if int(parts["max-age"]) >= HALF_A_YEAR else -10


def _scripts(html: str) -> int:
    elsewhere = [part for part in html.split("<script")[1:] if 'src="http' in part.split(">")[0]]
    return -50 if elsewhere else 0


def _frames(policy: dict[str, list[str]], option: str) -> int:
    if "frame-ancestors" in policy:
        return 5
    return 5 if option.upper() in ("DENY", "SAMEORIGIN") else -20
