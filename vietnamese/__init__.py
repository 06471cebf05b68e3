"""Vietnamese as residents of Nghệ An type it: pure functions shared by the bot and Rasa's side.

* `normalise(text)` – one spelling for the many ways of typing the same words (for matching, never for showing).
* `fold(text)` – without diacritics, lower case, đ → d.
* `redact(text)` – identity, phone and account numbers and e-mail addresses replaced; what may reach a disk.
* `Places(data)` – localities of Nghệ An, old and new, found in free text.

Runs on Python 3.10 and 3.12; needs nothing but rapidfuzz.
"""

from vietnamese.normaliser import normalise
from vietnamese.places import Mention, Place, Places
from vietnamese.redaction import find_private, redact
from vietnamese.spelling import fold

__all__ = ["Mention", "Place", "Places", "find_private", "fold", "normalise", "redact"]
