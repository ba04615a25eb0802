"""`callboard parse`: what each mail is, one JSON object a line. No server, no state."""

import json
import os
import sys
from collections.abc import Iterable, Iterator, Sequence

from mail_ingest.formats import neutral
from mail_ingest.repeats import judge
from mail_ingest.verdict import Rules, Verdict

from embedded.guard import GuardedReader

NOT_ASKED = "not checked: name the trusted senders (--trusted-sender), and a mail of anybody else is unable"
STORED = ("processed", "updated", "cancelled")


def parse(files: Sequence[str], rules: Rules) -> int:
    """Prints the lines in the order of `files`. The exit status: 2 where a file could not be read, else 0."""
    unread: list[str] = []
    readable: list[str] = []  # filled by _verdicts one step ahead of what is judged
    with GuardedReader(rules) as reader:
        for judged in judge(_verdicts(files, reader, rules.max_bytes, readable, unread)):
            content = judged.verdict.content if judged.outcome in STORED else None
            line = {
                "file": readable[-1],
                "outcome": judged.outcome,
                "reason": judged.reason,
                "dispatch": neutral.dispatch(content) if content else None,
            }
            if not rules.asks_trust:
                line["trust"] = NOT_ASKED
            print(json.dumps(line), flush=True)
    for message in unread:
        print(message, file=sys.stderr)
    return 2 if unread else 0


def _verdicts(
    files: Iterable[str], reader: GuardedReader, most: int, readable: list[str], unread: list[str]
) -> Iterator[Verdict]:
    for file in files:
        try:
            with open(file, "rb") as opened:
                raw = opened.read(most + 1)
                size = max(os.fstat(opened.fileno()).st_size, len(raw))
        except OSError as error:
            unread.append(f"{file}: {error.strerror}. Name a file that holds one raw mail.")
            continue
        readable.append(file)
        yield reader.read(raw, size)
