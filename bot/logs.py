"""One line an event, with keys, and without secrets: every string that a log line carries is scrubbed of them."""

import logging
import sys
from collections.abc import Iterable
from typing import Any

import structlog

_secrets: set[str] = set()


def keep_out(secrets: Iterable[str]) -> None:
    """From now on these strings appear in no log line."""
    _secrets.update(secret for secret in secrets if secret)


def scrub(text: str) -> str:
    for secret in _secrets:
        text = text.replace(secret, "[secret]")
    return text


def configure(level: str, as_json: bool) -> None:
    shared: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=False),
        structlog.processors.format_exc_info,
        _scrub_event,
    ]
    renderer: Any = (
        structlog.processors.JSONRenderer(ensure_ascii=False) if as_json else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer], foreign_pre_chain=shared
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    # httpx writes each URL at INFO, and Telegram's URLs hold the token.
    for noisy in ("httpx", "httpcore", "telegram", "apscheduler", "alembic", "aiosqlite", "uvicorn", "asyncio"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def _scrub_event(_: Any, __: str, event: dict[str, Any]) -> dict[str, Any]:
    return {key: scrub(value) if isinstance(value, str) else value for key, value in event.items()}
