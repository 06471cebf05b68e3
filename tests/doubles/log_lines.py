"""Everything the process logs while a block runs, at the most talkative setting and before any scrubbing of known secrets."""

import io
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import structlog

from bot import logs


@contextmanager
def log_lines() -> Iterator[Callable[[], str]]:
    """Yields a function that returns the lines so far. Logging is as it was afterwards."""
    root = logging.getLogger()
    handlers, level, configured = root.handlers[:], root.level, structlog.get_config()
    logs.configure("DEBUG", as_json=True)
    buffer = io.StringIO()
    handler = root.handlers[0]
    assert isinstance(handler, logging.StreamHandler)
    handler.setStream(buffer)
    try:
        yield buffer.getvalue
    finally:
        root.handlers[:], root.level = handlers, level
        structlog.configure(**configured)
