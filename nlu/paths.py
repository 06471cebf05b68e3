"""Where the project keeps what this side reads and writes."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# Where the bot reads its content is where examples are learned from.
CONTENT = Path(os.environ.get("LOA_CONTENT_DIR") or ROOT / "content")
NLU_DATA = ROOT / "nlu" / "data"
STORIES = ROOT / "stories"
CONFIG = ROOT / "config.yml"
DOMAIN = ROOT / "domain.yml"
MODELS = ROOT / "models"
