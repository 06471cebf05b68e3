"""Telegram's markup and refusals, as pure functions."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from telegram.error import BadRequest, Conflict, Forbidden, InvalidToken, NetworkError, TelegramError, TimedOut

from bot import errors
from bot.channels.telegram import as_html
from bot.channels.telegram_errors import delivery_error
from bot.channels.telegram_request import NeverLeft
from tests.doubles.bot_api_parts.markup import parse_html


@given(st.text(alphabet=st.one_of(st.sampled_from("<>&;/b i\n📜\"'#x3a"), st.characters(exclude_categories=["Cs"]))))
def test_any_text_survives_the_html_mode(text: str) -> None:
    assert parse_html(as_html(text))[0] == text


def test_only_the_line_of_sources_is_in_italics() -> None:
    assert as_html("Miễn phí <3\n\n📜 Căn cứ: Luật A & B.") == "Miễn phí &lt;3\n\n<i>📜 Căn cứ: Luật A &amp; B.</i>"


@pytest.mark.parametrize(
    "error, kind",
    [
        (NeverLeft("ClientConnectorError"), errors.Unreachable),
        (TimedOut(), errors.OutcomeUnknown),
        (NetworkError("Bad Gateway"), errors.OutcomeUnknown),
        (TelegramError("Invalid server response"), errors.OutcomeUnknown),
        (InvalidToken(), errors.Misconfigured),
        (Conflict("terminated by other getUpdates request"), errors.Misconfigured),
        (Forbidden("Forbidden: bot was blocked by the user"), errors.Blocked),
        (Forbidden("Forbidden: bot was kicked from the group chat"), errors.Blocked),
        (Forbidden("Forbidden: user is deactivated"), errors.Gone),
        (Forbidden("Forbidden: bot can't initiate conversation with a user"), errors.Gone),
        (BadRequest("Chat not found"), errors.Gone),
        (BadRequest("PEER_ID_INVALID"), errors.Gone),
        (BadRequest("Message is too long"), errors.Rejected),
        (BadRequest("BUTTON_DATA_INVALID"), errors.Rejected),
        (BadRequest("something nobody has seen"), errors.Rejected),
    ],
)
def test_each_refusal_has_its_kind(error: TelegramError, kind: type[errors.DeliveryError]) -> None:
    assert type(delivery_error(error)) is kind
