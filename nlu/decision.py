"""From scores to what the bot does: answer, ask back, talk, or say that this is not ours."""

from dataclasses import dataclass, replace

from nlu.examples import OUT_OF_SCOPE
from nlu.model import Scored

ANSWER, CLARIFY, TALK, REFUSE = "answer", "clarify", "talk", "out_of_scope"
_OFFERED = 3
_RANKED = 5
# So much of the shares on any talk means talk, even when which talk is unclear: offering topics would miss the point.
_SURELY_TALK = 0.8
SCAM_CHECK = "talk/scam_check"


@dataclass(frozen=True)
class Thresholds:
    """answer, story, talk: least confidence to act at once (story: on a long message); refuse: least chance of being
    out of scope to say so."""

    answer: float = 0.8
    story: float = 0.9
    talk: float = 0.5
    refuse: float = 0.4


@dataclass(frozen=True)
class Decision:
    """What to do about one message.

    decision: answer, clarify, talk or out_of_scope. topics: what to answer (usually one) or to offer (up to three).
    label: the first choice. ranking: the five best labels with their shares.
    """

    decision: str
    label: str
    confidence: float
    topics: tuple[str, ...]
    ranking: tuple[tuple[str, float], ...]


def is_topic(label: str) -> bool:
    return "/" in label and not label.startswith("talk/")


def decide(scored: Scored, thresholds: Thresholds, story: bool = False) -> Decision:
    """The decision for one text scored as a whole."""
    ranked = [(label, share) for label, share in zip(scored.labels, scored.shares, strict=True) if label != OUT_OF_SCOPE]
    offered = tuple(label for label, _ in ranked if is_topic(label))[:_OFFERED]
    first = scored.labels[0]
    talk = sum(share for label, share in ranked if label.startswith("talk/"))
    if is_topic(first) and scored.confidence >= (thresholds.story if story else thresholds.answer):
        decision, topics = ANSWER, (first,)
    elif first.startswith("talk/") and (scored.confidence >= thresholds.talk or talk >= _SURELY_TALK):
        decision, topics = TALK, ()
    elif scored.foreign >= thresholds.refuse:
        decision, topics = REFUSE, ()
    else:
        decision, topics = CLARIFY, offered
    return Decision(decision, first, scored.confidence, topics, tuple(ranked[:_RANKED]))


def about_scam(decision: Decision, link: bool, number: bool) -> Decision:
    """A message that carries something to check is a request to check it.

    link: it has a link that is not the state's; number: it has a phone or account number.
    """
    near = {label for label, _ in decision.ranking[:3]}
    if link or (number and near & {SCAM_CHECK, "chung/lua_dao"}):
        return replace(decision, decision=TALK, label=SCAM_CHECK, topics=())
    return decision
