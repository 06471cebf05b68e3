"""Where the project keeps what this side reads and writes."""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CONTENT = ROOT / "content"
NLU_DATA = ROOT / "nlu" / "data"
STORIES = ROOT / "stories"
CONFIG = ROOT / "config.yml"
DOMAIN = ROOT / "domain.yml"
MODELS = ROOT / "models"
