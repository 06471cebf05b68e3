"""An Understanding without Rasa, for tests of the web alone: buttons mean what they say, a few sentences are known."""

import asyncio
from datetime import date
from typing import Any

from bot.dialogue import payloads
from bot.dialogue.acts import Reply
from bot.errors import NotReady

ANSWER = "dinh_danh/o_dau"
SENTENCES: dict[str, dict[str, Any]] = {
    "làm mức 2 ở đâu": {"act": "answer", "topic": ANSWER},
    "thủ tục": {"act": "clarify", "topics": ["dinh_danh/o_dau", "dinh_danh/giay_to_can_mang", "can_cuoc/lam_the"]},
    "đăng ký nhận tin": {"act": "ask", "flow": "subscribe", "slot": "consent"},
    "đồng ý": {"act": "subscribe", "place": "unit:vinh-phu"},
    "xem tin này": {"act": "scam_check", "links": ["http://dichvucong-govn.example/x"]},
}


class KnownSentences:
    """`asked` holds (conversation, text) in order. `away`: as if Rasa were starting. `gate`: clear it and answers wait until it is set."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []
        self.away = False
        self.gate = asyncio.Event()
        self.gate.set()

    async def ask(self, sender: str, text: str, today: date) -> Reply:
        self.asked.append((sender, text))
        await self.gate.wait()
        if self.away:
            raise NotReady("starting")
        act = self._pressed(payloads.parse(text)) or SENTENCES.get(text, {"act": "out_of_scope"})
        decision = "answer" if act["act"] == "answer" else "clarify" if act["act"] == "clarify" else "out_of_scope"
        topic = act["topic"] if decision == "answer" else None
        return Reply.model_validate({"acts": [act], "understood": {"decision": decision, "topic": topic, "confidence": 0.9}})

    def _pressed(self, payload: payloads.Payload | None) -> dict[str, Any] | None:
        if payload is None:
            return None
        acts: dict[str, dict[str, Any]] = {
            "topic": {"act": "answer", "topic": payload.argument},
            "menu": {"act": "menu", "group": payload.argument or None},
            "none": {"act": "talk", "kind": "none_of_these"},
            "good": {"act": "feedback", "value": "yes", "topic": payload.argument},
            "bad": {"act": "feedback", "value": "no", "topic": payload.argument},
            "handoff": {"act": "handoff"},
            "yes": {"act": "subscribe", "place": "unit:vinh-phu"},
            "cancel": {"act": "talk", "kind": "cancelled"},
        }
        return acts.get(payload.verb)
