"""The dialogue's actions: each utters acts (docs/reference/acts.md), as rasa-sdk actions run inside Rasa's process."""

from datetime import date
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import ActiveLoop, EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from nlu import flows
from nlu.examples import parts_by_topic
from nlu.flows import Heard
from nlu.followups import Cues, audience_of_age, the_subjects
from nlu.questions import asks

# Slots that hold for one turn: what was offered in a clarification, and whether the last question was refused.
_OFFERED, _REFUSED = "offered", "refused"
_TOPIC = "topic"
# Intents that answer a flow's question; every other one interrupts the flow.
_REPLIES = frozenset({"affirm", "deny", "inform", "show", "delete", "clarify", "out_of_scope"})
_ASIDES = frozenset({"greet", "thanks", "bye", "bot", "complaint", "rude", "joke", "injection", "smalltalk"})
_ASIDE_WORDS = 5
_SURE_ASIDE = 0.6
_REFINING = ("place", "age", "level")
_OF_ONE_LEVEL = frozenset({"dinh_danh/dang_ky_muc_1", "dinh_danh/dang_ky_muc_2"})
_ABOUT = {"checklist": "dinh_danh/giay_to_can_mang", "where": "dinh_danh/o_dau"}


def heard(tracker: Tracker, flow: str) -> Heard:
    """The latest message as `flow` sees it."""
    message = tracker.latest_message
    metadata = message.get("metadata") or {}
    intent = _intent(message)
    return Heard(
        message.get("text") or "",
        intent,
        "clarify" if intent == "inform" else _understood(tracker).get("decision", ""),
        message.get("entities") or [],
        date.fromisoformat(metadata["today"]),
        tracker.get_slot("requested_slot") if _running_before(tracker, f"{flow}_form") else None,
    )


def _running_before(tracker: Tracker, form: str) -> bool:
    """Whether `form` was running before the latest message, rather than started by it: then a slot asked for is its own."""
    for event in reversed(tracker.events):
        if event["event"] == "user":
            break
        if event["event"] == "active_loop" and event["name"] == form:
            return False
    return tracker.active_loop_name == form


def _intent(message: dict[str, Any]) -> str:
    """The intent's name. What only may be meant aside ("dien kyy", a misspelt commune, looks rude) is heard as a reply, and
    a long message that only may mean "cancel" does not throw away what was filled in."""
    name, confidence = message["intent"]["name"], message["intent"].get("confidence", 0.0)
    aside = name in _ASIDES or (name == "cancel" and len((message.get("text") or "").split()) > 2)
    return "inform" if aside and confidence < _SURE_ASIDE else name


def _understood(tracker: Tracker) -> dict[str, Any]:
    return tracker.latest_message.get("understood") or {}


def _cues(tracker: Tracker) -> Cues:
    cues = tracker.latest_message.get("cues") or {}
    return Cues(tuple(cues.get("aspects", ())), tuple(cues.get("audience", ())), False)


class TurnAction(Action):
    """An action that utters acts. What holds for one turn is forgotten by every act that does not set it anew."""

    intent_name: str

    def name(self) -> str:
        return self.intent_name

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[EventType]:
        remembered = {_OFFERED: None, _REFUSED: None}
        for act in self.acts(tracker, remembered):
            dispatcher.utter_message(json_message=act)
        return [SlotSet(slot, value) for slot, value in remembered.items() if tracker.get_slot(slot) != value]

    def acts(self, tracker: Tracker, remember: dict[str, Any]) -> list[dict[str, Any]]:
        """The acts of this turn, in order; `remember` takes slots to set."""
        raise NotImplementedError


class Answerer:
    """Makes `answer` acts: the part asked for and the entities that refine it."""

    def __init__(self) -> None:
        self._parts = parts_by_topic()

    def answer(self, tracker: Tracker, topic: str, part: str | None = None) -> dict[str, Any]:
        act: dict[str, Any] = {"act": "answer", "topic": topic}
        part = part if part in self._parts.get(topic, ()) else self._part(tracker, topic)
        if part:
            act["part"] = part
        entities = self._refining(tracker)
        if entities:
            act["entities"] = entities
        return act

    def has(self, topic: str, part: str) -> bool:
        return part in self._parts.get(topic, ())

    def _part(self, tracker: Tracker, topic: str) -> str | None:
        """The paragraph of `topic` the message asks about: for whom first, then which aspect."""
        cues = _cues(tracker)
        ages = [audience_of_age(int(e["value"])) for e in tracker.latest_message.get("entities") or [] if e["entity"] == "age"]
        wanted = [*filter(None, ages), *cues.audience, *cues.aspects]
        return next((part for part in wanted if part in self._parts.get(topic, ())), None)

    @staticmethod
    def _refining(tracker: Tracker) -> dict[str, str]:
        """place, age and level, each only when the message has exactly one meaning for it."""
        values: dict[str, set] = {}
        for entity in tracker.latest_message.get("entities") or []:
            if entity["entity"] in _REFINING:
                values.setdefault(entity["entity"], set()).add(entity["value"])
        return {kind: value for kind, (value, *others) in ((k, sorted(v)) for k, v in values.items()) if not others}


class AnswerTopics(TurnAction):
    """Answers the topic, or the topics, a question was understood as."""

    intent_name = "action_answer"

    def __init__(self) -> None:
        self._answerer = Answerer()

    def acts(self, tracker: Tracker, remember: dict[str, Any]) -> list[dict[str, Any]]:
        topics = _understood(tracker)["topics"]
        remember[_TOPIC] = topics[0]
        return [self._answerer.answer(tracker, topic) for topic in topics]


class FollowUp(TurnAction):
    """Answers an elliptical question within the subject being talked about; without one, offers what it could mean."""

    intent_name = "action_follow_up"

    def __init__(self) -> None:
        self._answerer = Answerer()

    def acts(self, tracker: Tracker, remember: dict[str, Any]) -> list[dict[str, Any]]:
        about = tracker.get_slot(_TOPIC)
        cues = _cues(tracker)
        level = next((cue for cue in cues.audience if cue.startswith("level_")), None)
        if about and about not in _OF_ONE_LEVEL and level and not cues.aspects and self._answerer.has(about, level):
            return [self._answerer.answer(tracker, about, level)]  # "còn mức 1 thì sao?": the same, for the other level
        if about:
            topic, part = the_subjects().resolve(_cues(tracker), about)
            remember[_TOPIC] = topic
            return [self._answerer.answer(tracker, topic, part)]
        return clarify(tracker, remember)


class Clarify(TurnAction):
    """Offers the topics a question may mean."""

    intent_name = "action_clarify"

    def acts(self, tracker: Tracker, remember: dict[str, Any]) -> list[dict[str, Any]]:
        return clarify(tracker, remember)


def clarify(tracker: Tracker, remember: dict[str, Any]) -> list[dict[str, Any]]:
    """A clarify act with what was understood, or out_of_scope when nothing was."""
    understood = _understood(tracker)
    ranked = [entry["topic"] for entry in understood.get("ranking", ()) if not entry["topic"].startswith("talk/")]
    topics = (understood.get("topics") or ranked)[:3]
    if not topics:
        return out_of_scope(tracker, remember)
    remember[_OFFERED] = topics
    return [{"act": "clarify", "topics": topics}]


class OutOfScope(TurnAction):
    """Says that a question is not ours."""

    intent_name = "action_out_of_scope"

    def acts(self, tracker: Tracker, remember: dict[str, Any]) -> list[dict[str, Any]]:
        return out_of_scope(tracker, remember)


def out_of_scope(tracker: Tracker, remember: dict[str, Any]) -> list[dict[str, Any]]:
    """An out_of_scope act, marked when it is the second in a row."""
    remember[_REFUSED] = True
    return [{"act": "out_of_scope", **({"again": True} if tracker.get_slot(_REFUSED) else {})}]


class Talk(TurnAction):
    """Small talk: the kind is the intent."""

    intent_name = "action_talk"

    def acts(self, tracker: Tracker, remember: dict[str, Any]) -> list[dict[str, Any]]:
        kind = tracker.latest_message["intent"]["name"]
        offered = tracker.get_slot(_OFFERED)
        if offered and kind == "affirm":
            return self._affirmed(tracker, remember, offered)
        if offered and kind == "deny":
            kind = "none_of_these"
        return [{"act": "talk", "kind": kind}]

    @staticmethod
    def _affirmed(tracker: Tracker, remember: dict[str, Any], offered: list[str]) -> list[dict[str, Any]]:
        if len(offered) == 1:
            remember[_TOPIC] = offered[0]
            return [{"act": "answer", "topic": offered[0]}]
        remember[_OFFERED] = offered
        return [{"act": "clarify", "topics": offered}]


class Menu(TurnAction):
    """Shows the topic menu, or one group's."""

    intent_name = "action_menu"

    def acts(self, tracker: Tracker, remember: dict[str, Any]) -> list[dict[str, Any]]:
        groups = [e["value"] for e in tracker.latest_message.get("entities") or [] if e["entity"] == "group"]
        return [{"act": "menu", **({"group": groups[0]} if groups else {})}]


class Handoff(TurnAction):
    """Points to a person."""

    intent_name = "action_handoff"

    def acts(self, tracker: Tracker, remember: dict[str, Any]) -> list[dict[str, Any]]:
        return [{"act": "handoff"}]


class Feedback(TurnAction):
    """Takes praise or blame for an answer: the one named by a button, else the last one given."""

    intent_name = "action_feedback"

    def acts(self, tracker: Tracker, remember: dict[str, Any]) -> list[dict[str, Any]]:
        good = tracker.latest_message["intent"]["name"] == "feedback_good"
        named = [e["value"] for e in tracker.latest_message.get("entities") or [] if e["entity"] == "topic"]
        topic = named[0] if named else tracker.get_slot(_TOPIC)
        if topic:
            return [{"act": "feedback", "value": "yes" if good else "no", "topic": topic}]
        return [{"act": "talk", "kind": "thanks" if good else "complaint"}]


class EndOfFlow(TurnAction):
    """Ends the running flow: empties its slots, so that the next flow asks anew."""

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[EventType]:
        events = super().run(dispatcher, tracker, domain)
        slots = [*flows.ALL_SLOTS, flows.OPTIONS, "invalid"]
        if tracker.get_slot("choice") == "delete" and tracker.get_slot("confirm") == "yes":
            slots.append(_TOPIC)  # what was talked about is forgotten with the rest
        return events + [SlotSet(slot, None) for slot in slots if tracker.get_slot(slot) is not None]


class Cancel(EndOfFlow):
    """Leaves the running flow, if there is one."""

    intent_name = "action_cancel"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[EventType]:
        return [*super().run(dispatcher, tracker, domain), ActiveLoop(None), SlotSet("requested_slot", None)]

    def acts(self, tracker: Tracker, remember: dict[str, Any]) -> list[dict[str, Any]]:
        return [{"act": "talk", "kind": "cancelled"}]


class FinishFlow(EndOfFlow):
    """Performs a flow whose slots are all filled."""

    def __init__(self, flow: str) -> None:
        self._flow = flow

    def name(self) -> str:
        return f"action_{self._flow}"

    def acts(self, tracker: Tracker, remember: dict[str, Any]) -> list[dict[str, Any]]:
        slot = tracker.get_slot
        if "no" in (slot("consent"), slot("confirm")):
            return [{"act": "talk", "kind": "cancelled"}]
        # What may be asked next ("mất bao lâu?") is about this.
        remember[_TOPIC] = _ABOUT.get(self._flow, tracker.get_slot(_TOPIC))
        if self._flow in ("subscribe", "where"):
            return [{"act": self._flow, "place": slot("place")}]
        if self._flow == "my_data":
            return [{"act": "my_data", "op": slot("choice")}]
        if self._flow == "checklist":
            return [{"act": "checklist", "age": int(slot("age")), "card": slot("card"), "place": slot("place")}]
        if self._flow == "scam":
            found = heard(tracker, self._flow)
            return [{"act": "scam_check", "links": found.values("link"), "phones": found.values("phone")}]
        return [{"act": self._flow}]


class ValidateFlow(Action):
    """Reads a flow's slots from the message. No event at all means that the message was not meant for the flow."""

    def __init__(self, flow: str) -> None:
        self._flow = flow

    def name(self) -> str:
        return f"validate_{self._flow}_form"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[EventType]:
        said = heard(tracker, self._flow)
        restarted = said.asked is not None and _starts(said.intent, self._flow)
        if said.asked and not restarted and not _meant_for_flow(said):
            return []
        # A flow that starts takes nothing over from one that was left.
        events: list[EventType] = [] if said.asked else [SlotSet(slot, None) for slot in flows.ALL_SLOTS if tracker.get_slot(slot)]
        filled = {slot: tracker.get_slot(slot) if said.asked else None for slot in flows.SLOTS[self._flow]}
        options: tuple = ()
        for slot in (slot for slot, value in filled.items() if value is None):
            read = flows.read(slot, said)
            filled[slot], options = read.value, options or read.options
            if read.value is not None:
                events.append(SlotSet(slot, read.value))
        for slot, value in _needless(self._flow, filled).items():
            events.append(SlotSet(slot, value))
        invalid = bool(said.asked) and filled.get(said.asked) is None and not restarted
        # Choices stay on offer until one is taken.
        offered = list(options) or (tracker.get_slot(flows.OPTIONS) if invalid else None)
        events += [SlotSet(flows.OPTIONS, offered), SlotSet("invalid", invalid and not options)]
        return events


def _starts(intent: str, flow: str) -> bool:
    """Whether `intent` asks for `flow` itself: said while it runs, the flow asks its question again."""
    return intent == flow or (intent, flow) == ("scam_check", "scam")


def _needless(flow: str, filled: dict[str, str | None]) -> dict[str, str]:
    """Slots that need not be asked any more, given the others."""
    if flow == "my_data" and filled["choice"] == "show":
        return {"confirm": "needless"}
    if flow == "subscribe" and filled["consent"] == "no":
        return {"place": "needless"}
    return {}


def _meant_for_flow(said: Heard) -> bool:
    """Whether a message during a flow answers its question, rather than asking or saying something else."""
    if said.intent == "cancel":
        return False
    if said.asked == "message" or flows.read(said.asked, said).value is not None:
        aside = said.decision == "answer" and len(said.text.split()) >= _ASIDE_WORDS
        # "Có cái thẻ gắn chíp rồi" sounds like a topic, and tells.
        return said.asked == "message" or not aside or (said.asked == "card" and not asks(said.text))
    if said.intent == "clarify":
        return len(said.text.split()) < _ASIDE_WORDS
    return said.intent in _REPLIES


class Ask(Action):
    """Asks for a slot of the running flow; after an interruption, says that the flow goes on."""

    def __init__(self, slot: str) -> None:
        self._slot = slot

    def name(self) -> str:
        return f"action_ask_{self._slot}"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[EventType]:
        act: dict[str, Any] = {"act": "ask", "flow": _flow_of(tracker), "slot": self._slot}
        if _acted_this_turn(tracker):
            act["act"] = "resume"
        elif tracker.get_slot("invalid"):
            act["invalid"] = True
        options = tracker.get_slot(flows.OPTIONS)
        if options and self._slot == "place":
            act["options"] = options
        dispatcher.utter_message(json_message=act)
        return []


def _flow_of(tracker: Tracker) -> str:
    return tracker.active_loop_name[: -len("_form")]


def _acted_this_turn(tracker: Tracker) -> bool:
    """Whether an action other than the form has spoken since the resident did."""
    for event in reversed(tracker.events):
        if event["event"] == "user":
            return False
        if (
            event["event"] == "action"
            and event["name"].startswith("action_")
            and event["name"] not in ("action_listen", "action_extract_slots")
        ):
            return True
    return False


def all_actions() -> "list[Action]":
    """Every action the domain names."""
    plain = [AnswerTopics, FollowUp, Clarify, OutOfScope, Talk, Menu, Handoff, Feedback, Cancel]
    return [
        *(action() for action in plain),
        *(FinishFlow(flow) for flow in flows.SLOTS),
        *(ValidateFlow(flow) for flow in flows.SLOTS),
        *(Ask(slot) for slot in flows.ALL_SLOTS),
    ]
