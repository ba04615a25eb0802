"""What a note says of the service fee: that it must not be collected, or something that a person must read.

Companies write it by hand, so the rule knows the wordings of the trade (trade service fee, trade call fee,
TSF, deductible, copay) and not one sentence. What forbids is said in the partner's own words.
"""

import re
from collections.abc import Iterable

_FEE_WORD = (
    r"(?:(?:(?:trade|service|call|visit|trip|dispatch|diagnostic|svc|tech(?:nician)?|standard|regular|normal)\s+)*"
    r"(?:fees?|charges?)|t\.?s\.?c?\.?f|tcf|scf|stf|tsa|deductibles?|co-?pay(?:ment)?s?|payments?|money)"
)
_NOT = (
    r"(?:do\s*not|don'?t|does\s+not|never|not\s+to|(?:must|should|shall|may|can|will)\s*not|no\s+need\s+to"
    r"|nothing\s+to)"
)
_TAKE = (
    r"(?:collect|charge|bill|invoice|take|request|require|ask(?:\s+(?:\w+\s+){0,3}for)?|accept|receive|owe)"
)
_GONE = (
    r"(?:waived?|void(?:ed)?|removed|refunded|cancel(?:l?ed)|exempt|zero|not\s+(?:due|owed|required|needed|"
    r"applicable|be\s+(?:collected|charged|taken))|n/a|(?:already|pre-?|been|was|fully|is)\s*-?paid|"
    r"paid\s+(?:in\s+full|already|online|upfront|by\s+ahs)|covered\s+by|satisfied)"
)
_FORBIDS = (
    re.compile(rf"\b{_NOT}\s+(?:\w+\s+){{0,2}}?collect"),
    re.compile(
        r"\bnot?\s+collect(?:ing|ion)?\b|\bcollect\s+(?:no\b|nothing|zero|\$?0(?:\.00)?\b)|\bd\.?n\.?c\b"
    ),
    re.compile(rf"\b{_NOT}\s+(?:\w+\s+){{0,2}}?{_TAKE}\b[^.;\n]{{0,40}}?\b{_FEE_WORD}\b"),
    re.compile(rf"\bno\s+(?:\w+\s+)?{_FEE_WORD}\b(?!\s+exceptions?)"),
    re.compile(rf"\b{_FEE_WORD}\b[^.;\n]{{0,30}}?\b{_GONE}\b"),
    re.compile(rf"\bwaiv(?:e|ed|es|ing)\b[^.;\n]{{0,30}}?\b{_FEE_WORD}\b"),
    re.compile(rf"\b(?:without|free\s+of|exempt\s+from)\s+(?:\w+\s+)?{_FEE_WORD}\b"),
    re.compile(rf"\b{_FEE_WORD}\b\s*(?:is|=|:|of)?\s*\$?\s*0(?:\.00?)?(?![\d.,])"),
)
_STRICT = _FORBIDS[0]
_NAMES_FEE = re.compile(
    r"\b(?:trade|service|call|visit|trip|diagnostic|svc)\s+(?:\w+\s+)?(?:fee|charge)s?\b|\btsf\b|\btcf\b|\bscf\b"
    r"|\bdeductible|\bco-?pay|\bcollect(?:ed|ing|ion)?\b"
)
_COLLECTS = re.compile(
    rf"\b(?:please\s+|must\s+|to\s+|and\s+|should\s+|shall\s+)?collect\b[^.;\n]{{0,40}}?(?:\b{_FEE_WORD}\b|\$\s*\d)"
)
_ODD = re.compile(
    r"\b(?:not?|nothing|never|none|without|paid|free|zero|hold|wait|only\s+if|unless|instead|except)\b"
)
_CONCERNS = re.compile(
    r"collect|fee|charge|ts.?c?.?f|tcf|scf|stf|tsa|deduct|pay|money|waiv|d\.?n\.?c", re.IGNORECASE
)
_SPACE = re.compile(r"[\s*_~|]+")


def forbidding_words(notes: Iterable[str]) -> str | None:
    """The partner's sentence that forbids to collect, as it stands in one of the notes."""
    for note in notes:
        if _CONCERNS.search(note) is None:
            continue
        plain, places = _plain(note)
        for pattern in _FORBIDS:
            if found := pattern.search(plain):
                return _sentence(note, places[found.start()], places[found.end() - 1] + 1)
    return None


def forbids_plainly(note: str) -> bool:
    """Whether it says "do not collect": for a plan's general remarks, which speak of many fees."""
    return _CONCERNS.search(note) is not None and _STRICT.search(_plain(note)[0]) is not None


def is_doubtful(note: str) -> bool:
    """Whether it speaks of the fee in words that neither ask for it nor forbid it."""
    if _CONCERNS.search(note) is None:
        return False
    plain, _ = _plain(note)
    return bool(_NAMES_FEE.search(plain) and _ODD.search(plain)) and not _COLLECTS.search(plain)


def _plain(note: str) -> tuple[str, list[int]]:
    """The note in lower case with single blanks, and where each of its letters stands in what was given."""
    letters, places = list[str](), list[int]()
    for at, letter in enumerate(note[:20_000].replace("\u2019", "'").lower()[:20_000]):
        if _SPACE.fullmatch(letter) and letter != "\n":
            if letters and letters[-1] == " ":
                continue
            letter = " "
        letters.append(letter)
        places.append(min(at, len(note) - 1))
    return "".join(letters), places


def _sentence(note: str, start: int, end: int) -> str:
    begin = max(note.rfind(mark, 0, start) for mark in ".\n;") + 1
    ends = [at for mark in ".\n;" if (at := note.find(mark, end)) >= 0]
    return " ".join(note[begin : min(ends, default=len(note))].split())[:300]
