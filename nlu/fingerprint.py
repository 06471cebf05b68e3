"""Whether the newest model still fits what it was trained from."""

import hashlib
import json
from pathlib import Path

from nlu.examples import load_examples
from nlu.paths import CONFIG, DOMAIN, MODELS, ROOT, STORIES

_FILES = [CONFIG, DOMAIN]
_FOLDERS = [(STORIES, "*.yml"), (ROOT / "nlu", "*.py"), (ROOT / "nlu", "*.yml"), (ROOT / "vietnamese", "*.py")]


def fingerprint() -> str:
    """A digest of everything training depends on. Of the content only the examples count: edited answers train nothing."""
    digest = hashlib.sha256(json.dumps([(e.text, e.label) for e in load_examples()]).encode())
    for path in sorted([*_FILES, *(path for folder, pattern in _FOLDERS for path in folder.glob(pattern))]):
        digest.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def newest_model() -> Path | None:
    """The model to serve, or None when none was trained yet."""
    return max(MODELS.glob("loa-*.tar.gz"), key=lambda path: path.stat().st_mtime_ns, default=None)


def model_path(mark: str) -> Path:
    """Where the model trained from the state `mark` belongs."""
    return MODELS / f"loa-{mark}.tar.gz"
