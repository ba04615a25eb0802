"""No card number and no secret gets through; what only looks like one does."""

import json
from pathlib import Path

import cost
import pytest
from hypothesis import given
from hypothesis import strategies as st
from payments.gateways.scrub import KEPT, holds_card_number, luhn, scrub, scrub_data

CASES = json.loads((Path(__file__).parent / "samples/scrubber/cases.json").read_bytes())
SECRETS = ("123", "EXAMPLE.ACCESS.TOKEN")


def digits(text: str) -> str:
    return "".join(letter for letter in text if letter.isdecimal())


@pytest.mark.parametrize("text", CASES["redact"])
def test_redacted(text: str) -> None:
    clean = scrub(text)
    assert clean != text
    assert not holds_card_number(clean)
    assert not any(secret in clean for secret in SECRETS)


@pytest.mark.parametrize("text", CASES["keep"])
def test_kept(text: str) -> None:
    assert scrub(text) == text


@pytest.mark.parametrize("text", CASES["keep_in_store_but_mask_in_logs"])
def test_kept_in_the_store_and_masked_in_logs(text: str) -> None:
    assert scrub(text, keep=KEPT) == text
    assert not holds_card_number(scrub(text))
    assert scrub(text) != text


def test_the_last_four_stay() -> None:
    assert scrub("Card 4111-1111-1111-1111.") == "Card ****-****-****-1111."
    assert scrub("４１１１１１１１１１１１１１１１") == "************１１１１"


@pytest.mark.parametrize(
    "text",
    [
        "<merchantKey>AAAAA-BBBBB</merchantKey>",
        "ConnectionTicket=TGT-000-EXAMPLE",
        '{"client_secret": "verysecret"}',
        "whsec_fixture_only",
        "Application agent not found TGT-000-EXAMPLE",
    ],
)
def test_secrets_of_gateways(text: str) -> None:
    clean = scrub(text)
    assert not any(secret in clean for secret in ("AAAAA", "TGT", "verysecret", "fixture"))


def test_data_by_field() -> None:
    data = {
        "note": "4111111111111111",
        "cvv": "123",
        "recon_batch_id": "5000000000000009",
        "n": [4111111111111111],
    }
    assert scrub_data(data | {"n": [4111111111111111]}) == {
        "note": "************1111",
        "cvv": "***",
        "recon_batch_id": "5000000000000009",
        "n": ["************1111"],
    }


@st.composite
def cards(draw: st.DrawFn) -> str:
    body = draw(st.from_regex(r"[3-6][0-9]{11,17}", fullmatch=True))
    last = next(str(each) for each in range(10) if luhn(body + str(each)))
    separators = draw(
        st.lists(st.sampled_from(["", "", " ", "-", ".", "\u00a0", "\u200b"]), min_size=19, max_size=19)
    )
    return "".join(digit + between for digit, between in zip(body + last, separators, strict=False))


@given(
    card=cards(),
    before=st.sampled_from(["", "card ", "<n>", '{"x":"']),
    after=st.sampled_from(["", " x", "</n>"]),
)
def test_no_card_number_survives(card: str, before: str, after: str) -> None:
    clean = scrub(before + card + after)
    assert digits(card) not in digits(clean)
    assert not holds_card_number(clean)


@given(st.text(max_size=200))
def test_scrubbing_twice_is_scrubbing_once(text: str) -> None:
    assert scrub(scrub(text)) == scrub(text)


@pytest.mark.parametrize("shape", cost.SHAPES)
@pytest.mark.parametrize("keep", [frozenset[str](), KEPT])
def test_twice_the_text_costs_twice(shape: str, keep: frozenset[str]) -> None:
    assert cost.ratio(lambda text: scrub(text, keep=keep), cost.SHAPES[shape]) < cost.MOST
    assert cost.ratio(holds_card_number, cost.SHAPES[shape]) < cost.MOST


@pytest.mark.parametrize("place", range(0, 320, 7))
def test_a_text_that_is_cut_shows_no_part_of_a_card_number(place: int) -> None:
    text = "x" * place + "4111 1111 1111 1111" + "y" * 500
    assert scrub(text, longest=300) == scrub(text)[:300]


def test_a_long_text_costs_no_more_than_what_is_kept_of_it() -> None:
    assert cost.ratio(lambda text: scrub(text, longest=300), cost.SHAPES["digits"], 2_000_000) < cost.MOST


def test_a_number_beside_an_id_is_found() -> None:
    id = "12345678-1234-1234-1234-123456789012"
    assert not holds_card_number(id)
    assert scrub(f"{id} 4111111111111111") == f"{id} ************1111"
    assert scrub(f"{id}-4111111111111111") == f"{id}-************1111"
