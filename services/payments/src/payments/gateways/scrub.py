"""Card numbers and gateways' secrets taken out of text, for the store and for logs.

A card number is 13 to 19 digits that pass Luhn's check, however they are spaced or written. The fields in
KEPT hold such digits without being one; the store keeps them, logs do not.
"""

import re
import unicodedata
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import cast

_LOOKED_BEYOND = 100  # characters: more than a card number with its spaces takes
KEPT = frozenset(("merchantaccountnumber", "reconbatchid"))
MASK = "*"
NOTHING = "\u200b\u200c\u200d\u2060\ufeff\u00ad"  # characters of no width
RUN = re.compile(r"\d(?:[ .\-_/|]{0,3}\d){12,}", re.ASCII)
ISSUED = re.compile(r"[3-6]|2[2-7]|1", re.ASCII)  # how cards begin
PLACED = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.ASCII | re.IGNORECASE)
# Possessive, and begun only where a name begins: any other start would read the same letters once more.
FIELD = re.compile(r"(?<![A-Za-z_])([A-Za-z_]++)[\"']?+\s*+[:=>]\s*+[\"']?([^\"'<>&,;}]{0,80})", re.ASCII)
NAMES = (
    r"cvc2?|cvv2?|cvn|csc|(?:card_?)?security_?code|(?:card_?)?verification_?(?:value|code)|merchant_?key|"
    r"connection_?ticket|auth_?ticket|validation_?key|client_?secret|(?:access|refresh)_?token"
)
SECRETS = (
    re.compile(rf"((?<![A-Za-z])(?:{NAMES})[\"']?\s*[:=>]\s*[\"']?)([^\s\"'<>&,;}}]+)", re.IGNORECASE),
    re.compile(r"((?:bearer|basic)\s+)([A-Za-z0-9._~+/=-]{8,})", re.IGNORECASE),
    re.compile(r"()((?:whsec|sk_live|sk_test|rk_live|rk_test)_[A-Za-z0-9_]+|(?:SDK-)?TGT-[^\s\"'<>]+)"),
)


def holds_card_number(text: str) -> bool:
    return any(True for _ in _numbers(text, frozenset()))


def scrub(text: str, *, keep: Collection[str] = frozenset(), longest: int | None = None) -> str:
    """`text` with the digits of card numbers masked but for the last four, and secrets masked whole. `keep`
    names fields whose digits stay (KEPT, where the text is stored). Of a text over `longest` characters only
    so many are looked at and given back; a card number or a secret that the end cuts is masked too."""
    if longest is not None:
        return scrub(text[: longest + _LOOKED_BEYOND], keep=keep)[:longest]
    letters = list(text)
    for places in _numbers(text, frozenset(keep)):
        for place in places[:-4]:
            letters[place] = MASK
    text = "".join(letters)
    for secret in SECRETS:
        text = secret.sub(lambda found: found[1] + MASK * 3, text)
    return text


def scrub_data(value: object, *, keep: Collection[str] = KEPT) -> object:
    """JSON with every string scrubbed, keys too, except under the names in `keep`."""
    if isinstance(value, str):
        return scrub(value)
    if isinstance(value, int) and not isinstance(value, bool) and holds_card_number(str(value)):
        return scrub(str(value))
    if isinstance(value, Mapping):
        fields = cast("Mapping[str, object]", value)
        return {scrub(str(name)): _field(str(name), each, keep) for name, each in fields.items()}
    if isinstance(value, list | tuple):
        return [scrub_data(each, keep=keep) for each in cast("list[object]", value)]
    return value


def _field(name: str, value: object, keep: Collection[str]) -> object:
    if isinstance(value, str):
        if _plain(name) in keep:
            return value
        return MASK * 3 if re.fullmatch(NAMES, name, re.IGNORECASE) else scrub(value)
    return scrub_data(value, keep=keep)


def luhn(digits: str) -> bool:
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 * (value > 9)
    return total % 10 == 0


def _numbers(text: str, keep: frozenset[str]) -> Iterator[list[int]]:
    """For each card number the places of its digits. Takes time in proportion to the text."""
    plain, places = _ascii(text)
    plain = PLACED.sub(lambda id: "x" * len(id[0]), plain)
    if keep:
        plain = FIELD.sub(lambda field: _spared(field) if _plain(field[1]) in keep else field[0], plain)
    for run in RUN.finditer(plain):
        at = [place for place in range(run.start(), run.end()) if plain[place].isdigit()]
        digits = "".join(plain[place] for place in at)
        spaced = len(at) != run.end() - run.start()
        yield from ([places[place] for place in at[a:b]] for a, b in _within(digits, spaced))


def _spared(field: re.Match[str]) -> str:
    start = field.start(2) - field.start()
    return field[0][:start] + "x" * len(field[2])


def _within(digits: str, spaced: bool) -> Iterator[tuple[int, int]]:
    """Where card numbers are in a run: the whole of it; in a longer one any 15 or 16 that begin like a
    card."""
    if len(digits) <= 19:
        if luhn(digits) and (not spaced or ISSUED.match(digits)):
            yield 0, len(digits)
        return
    sums = _sums(digits)
    for size in (16, 15):
        for start in range(len(digits) - size + 1):
            end = start + size
            upto = sums[end % 2]
            if (upto[end] - upto[start]) % 10 == 0 and ISSUED.match(digits, start):
                yield start, end


def _sums(digits: str) -> tuple[list[int], list[int]]:
    """Luhn's sums up to each place, for numbers that end at an even and at an odd place: with the one before
    it, each window's check is one subtraction."""
    even, odd = [0], [0]
    for place, digit in enumerate(digits):
        value = int(digit)
        twice = value * 2 - 9 * (value > 4)
        even.append(even[-1] + (twice if place % 2 == 0 else value))
        odd.append(odd[-1] + (value if place % 2 == 0 else twice))
    return even, odd


def _ascii(text: str) -> tuple[str, Sequence[int]]:
    """The text with all alphabets' digits and all spaces and dashes in ASCII, without what has no width;
    and where each of its characters was."""
    if text.isascii():
        return text, range(len(text))
    kept = [place for place, letter in enumerate(text) if letter not in NOTHING]
    return "".join(_letter(text[place]) for place in kept), kept


def _letter(letter: str) -> str:
    if letter.isascii():
        return letter
    if letter.isdecimal():
        return str(unicodedata.decimal(letter))
    category = unicodedata.category(letter)
    return " " if category == "Zs" else "-" if category == "Pd" else letter


def _plain(name: str) -> str:
    return name.replace("_", "").lower()
