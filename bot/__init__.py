"""Loa's application: channels, content, consent, campaigns. Understanding lives in `nlu/`, a process of its own."""

__version__ = "0.1.0"
