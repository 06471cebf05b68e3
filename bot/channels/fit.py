"""Degrading a message to what a channel can show: the one place that knows how.

A text over the limit is split at sentence ends; more buttons than allowed, or none at all, become numbered choices;
links become lines of text where a channel has no link buttons; a text too long for a caption follows its medium; photos that make an
album are followed by their buttons.
"""

from dataclasses import replace
from itertools import chain

from bot.messages import Button, Limits, Media, Message, Rows
from bot.text import length, shorten, split

# What a numbered list of choices may take of the text, at most.
_MORE = "Bà con nhắn số để chọn:"


def fit(message: Message, limits: Limits) -> list[Message]:
    """Messages that together say what `message` says, each within `limits`; the last carries the buttons. Never empty."""
    media = tuple(item for item in message.media if item.kind in limits.media)
    if _is_album(media, limits):
        return _with_album(message, media, limits)
    text, buttons = _lay_out(message, limits)
    poll = message.poll if limits.polls else None
    pieces = split(text, limits.text, limits.unit) if text else []
    result = [Message("", media=(item,)) for item in media[:-1]]  # file by file, the last one with the text
    media = media[-1:]
    if media and pieces and length(pieces[0], limits.unit) > limits.caption:
        result.append(Message("", media=media))
        media = ()
    for index, piece in enumerate(pieces):
        last = index == len(pieces) - 1
        result.append(Message(piece, buttons=buttons if last and not poll else (), media=media if index == 0 else ()))
    if media and not pieces:
        result.append(Message("", media=media, buttons=() if poll else buttons))
    if poll:
        result.append(Message("", poll=poll, buttons=buttons))
    return [replace(item, topic=message.topic) for item in result] or [Message("…")]


def _is_album(media: tuple[Media, ...], limits: Limits) -> bool:
    return 1 < len(media) <= limits.album and all(item.kind == "photo" for item in media)


def _with_album(message: Message, media: tuple[Media, ...], limits: Limits) -> list[Message]:
    """The photos as one message with the text as caption, if it fits and leaves words to stand above the buttons; then the rest."""
    rest = replace(message, media=())
    if length(message.text, limits.unit) <= limits.caption and (message.closing or not message.buttons):
        album, rest = Message(message.text, media=media, topic=message.topic), replace(rest, text="")
    else:
        album = Message("", media=media, topic=message.topic)
    return [album, *(fit(rest, limits) if rest.full_text or rest.buttons or rest.poll else [])]


def choices(message: Message, limits: Limits) -> list[str]:
    """The payloads that numbers stand for in this message on this channel; empty where all buttons are shown as buttons."""
    return [button.payload or "" for button in _numbered(message, limits)]


def _numbered(message: Message, limits: Limits) -> list[Button]:
    pressable = [button for button in chain.from_iterable(message.buttons) if button.payload]
    return pressable if len(pressable) > limits.buttons else []


def _lay_out(message: Message, limits: Limits) -> tuple[str, Rows]:
    numbered = _numbered(message, limits)
    lines = [f"{number}. {button.text}" for number, button in enumerate(numbered, 1)]
    links = [button for button in chain.from_iterable(message.buttons) if button.url]
    shown_links = links if limits.urls and limits.buttons and not numbered else []
    hidden_links = [f"{button.text}: {button.url}" for button in links if button not in shown_links]
    parts = [message.full_text, "\n".join(hidden_links), "\n".join([_MORE, *lines]) if lines else ""]
    if message.poll and not limits.polls:
        parts.insert(1, "\n".join([message.poll.question, *(f"– {option}" for option in message.poll.options)]))
    text = "\n\n".join(part for part in parts if part)
    kept = () if numbered else message.buttons
    shown = tuple(
        tuple(_trim(button, limits) for button in row if button.payload or button in shown_links)[i : i + limits.row]
        for row in kept
        for i in range(0, len(row), limits.row)
    )
    return text, tuple(row for row in shown if row)


def _trim(button: Button, limits: Limits) -> Button:
    return replace(button, text=shorten(button.text, limits.button_text))
