"""POP3's escaping of dots, and the reading of answers that arrive in pieces."""

from hypothesis import given
from hypothesis import strategies as st
from mail_ingest.mailbox.connection import Connection
from mail_ingest.mailbox.imap import fetched
from mail_ingest.mailbox.imap_wire import Response, quoted_folder
from mail_ingest.mailbox.multiline import read_text
from mail_ingest.mailbox.pop3_fetch import grouped
from mail_ingest.mailbox.values import Item, MailboxSettings, printable, too_short
from scripted_pop3 import escaped

LINES = st.lists(st.one_of(st.binary(max_size=8), st.sampled_from([b".", b"..", b".a", b"\n.", b"\r", b""])))


class Pieces(Connection):
    """A connection whose bytes arrive in the given pieces."""

    def __init__(self, pieces: list[bytes]) -> None:
        super().__init__(MailboxSettings())
        self._pieces = pieces

    async def more(self) -> None:
        self.buffer += self._pieces.pop(0)


@given(LINES, st.lists(st.integers(min_value=1, max_value=7), min_size=1), st.binary(max_size=5))
async def test_every_text_survives_the_way(lines: list[bytes], cuts: list[int], behind: bytes) -> None:
    """Whatever the lines hold and wherever the network cuts, and nothing behind the text is touched."""
    text = b"".join(line.replace(b"\r\n", b"") + b"\r\n" for line in lines)
    sent = escaped(text) + b".\r\n" + behind
    pieces: list[bytes] = []
    while sent:
        size = cuts[len(pieces) % len(cuts)]
        pieces.append(sent[:size])
        sent = sent[size:]
    connection = Pieces(pieces)
    assert await read_text(connection, limit=10_000) == text
    assert bytes(connection.buffer) + b"".join(pieces) == behind


def test_a_short_mail_is_told_from_a_miscount() -> None:
    lines = b"short line\r\n" * 1000
    in_crlf, in_lf = len(lines), len(lines.replace(b"\r\n", b"\n"))
    assert not too_short(Item("a", in_crlf, 1), in_lf)
    assert not too_short(Item("a", in_lf, 1), in_crlf)
    assert too_short(Item("a", 60, 1), 0)
    assert not too_short(Item("a", 6000, 1), 3000)  # some announce the size of the encoded mail
    assert too_short(Item("a", 6000, 1), 1000)


def test_folder_names() -> None:
    """The examples of RFC 3501 5.1.3, and what must not end the command."""
    assert quoted_folder("~peter/mail/台北/日本語") == b'"~peter/mail/&U,BTFw-/&ZeVnLIqe-"'
    assert quoted_folder("R&D") == b'"R&-D"'
    assert quoted_folder('a"b\\c') == b'"a\\"b\\\\c"'
    assert quoted_folder("a\r\nDELETE INBOX") == b'"a&AA0ACg-DELETE INBOX"'


def test_fetch_responses_in_all_their_forms() -> None:
    assert fetched(Response(b"* 1 FETCH (UID 7 BODY[] {3} )", (b"abc",))) == (b"7", b"abc")
    assert fetched(Response(b"* 1 FETCH (BODY[] {3}  FLAGS (\\Seen) UID 7)", (b"abc",))) == (b"7", b"abc")
    assert fetched(Response(b'* 1 FETCH (BODY[] "UID 9 \\"a\\\\" UID 7)', ())) == (b"7", b'UID 9 "a\\')
    assert fetched(Response(b"* 1 FETCH (UID 7 BODY[] NIL)", ())) == (b"7", b"")
    assert fetched(Response(b"* 1 FETCH (UID 7 FLAGS (\\Seen))", ())) is None
    assert fetched(Response(b"* 2 EXISTS", ())) is None


def test_what_a_server_said_is_shown_in_one_harmless_line() -> None:
    assert printable(b"-ERR bad pa\xff\x1b[31m\npw hunter2 " + b"x" * 500, "hunter2")[:29] == (
        "-ERR bad pa\ufffd [31m pw *** xxxx"
    )
    assert len(printable(b"x" * 500, "")) == 200


@given(st.lists(st.integers(min_value=0, max_value=9_000_000), max_size=120))
def test_groups_hold_all_mails_in_order_and_are_small(sizes: list[int]) -> None:
    items = [Item("", size, number) for number, size in enumerate(sizes, 1)]
    groups = list(grouped(items))
    assert [item for group in groups for item in group] == items
    for group in groups:
        assert 0 < len(group) <= 50
        assert len(group) == 1 or sum(item.size for item in group) <= 4_000_000
