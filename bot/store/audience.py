"""A `Target` as SQL: who is meant, in one query over the subscribers."""

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Select, and_, case, exists, false, func, literal, null, select

from bot.campaigns.audience import PRIME, Split, Target
from bot.campaigns.model import Pressed
from bot.clock import VIETNAM
from bot.store.tables import Delivery, Interest, OccurrencePlace, OccurrenceRow, Press, Subscriber

# What counts towards the cap: what the resident got, may have got, or is about to get.
COUNTED = ("sent", "unknown", "sending", "queued")


def meant(target: Target) -> ColumnElement[bool]:
    """Whether a row of `subscribers` belongs to the target: consent in force and every given condition."""
    audience = target.audience
    conditions: list[ColumnElement[bool]] = [
        Subscriber.opted_out_at.is_(None),
        Subscriber.unreachable_at.is_(None),
        Subscriber.consent_at <= target.at,
    ]
    if target.places is not None:
        conditions.append(Subscriber.place.in_(sorted(target.places)))
    if audience.channels:
        conditions.append(Subscriber.channel.in_(audience.channels))
    if audience.languages:
        conditions.append(Subscriber.language.in_(audience.languages))
    if audience.joined_since:
        conditions.append(Subscriber.joined_at >= datetime.combine(audience.joined_since, time(), VIETNAM))
    if audience.asked:
        conditions.append(_asked(audience.asked))
    if audience.not_asked:
        conditions.append(~_asked(audience.not_asked))
    if audience.pressed:
        conditions.append(_pressed(audience.pressed))
    if audience.not_pressed:
        conditions += [~_pressed(audience.not_pressed), _received(audience.not_pressed.campaign)]
    if audience.percent < 100:
        conditions.append(bucket(target.ramp) < audience.percent)
    if target.joined:
        conditions += [Subscriber.joined_at >= target.joined[0], Subscriber.joined_at < target.joined[1]]
    if target.asked:
        since, before = target.asked_when
        conditions.append(_asked(target.asked, since, before))
        if target.done:
            conditions.append(~_asked(target.done, since))
    return and_(*conditions)


def capping(target: Target) -> ColumnElement[bool]:
    """Whether what an occurrence sent counts towards the target's cap."""
    # An hour of grace, so that the same weekday and hour a week later is a new week although the clock ticked a second earlier.
    return OccurrenceRow.started_at > target.at - timedelta(days=target.audience.cap.days) + timedelta(hours=1)


def entries(target: Target, occurrence_id: int, others: Sequence[int], after: int, upto: int) -> Select[Any]:
    """Ledger rows (occurrence, subscriber, channel, variant, priority, state, kind, pieces, attempts) for subscribers in (after, upto].

    others: the occurrences that count towards the cap. Named one by one they are looked up by index; left to a join, SQLite reads the
    whole ledger for each chunk of it.
    """
    capped = _capped(target, others, after, upto) if others else false()
    columns = (
        literal(occurrence_id),
        Subscriber.id,
        Subscriber.channel,
        _variant(target),
        func.coalesce(OccurrencePlace.rank, 0) if target.ranks else literal(0),
        case((capped, "left_out"), else_="queued"),
        case((capped, "cap"), else_=null()),
        literal(0),
        literal(0),
    )
    query = select(*columns).where(Subscriber.id > after, Subscriber.id <= upto, meant(target))
    if target.ranks:
        query = query.outerjoin(
            OccurrencePlace, and_(OccurrencePlace.occurrence_id == occurrence_id, OccurrencePlace.place == Subscriber.place)
        )
    return query.order_by(Subscriber.id)


def bucket(split: Split) -> ColumnElement[int]:
    """0..99, the same as `Split.bucket`."""
    mixed = (Subscriber.id * literal(split.a, BigInteger) + literal(split.b, BigInteger)) % literal(PRIME, BigInteger)
    return (mixed * mixed) % literal(PRIME, BigInteger) % literal(100, BigInteger)


def _variant(target: Target) -> ColumnElement[Any]:
    if not target.variants:
        return null()
    return case(*((bucket(target.split) < upto, name) for name, upto in target.variants), else_=null())


def _asked(topics: tuple[str, ...], since: Any = None, before: Any = None) -> ColumnElement[bool]:
    query = select(Interest.topic).where(Interest.subscriber_id == Subscriber.id, Interest.topic.in_(topics))
    if since is not None:
        query = query.where(Interest.asked_at >= since)
    if before is not None:
        query = query.where(Interest.asked_at < before)
    return exists(query.correlate(Subscriber))


def _pressed(pressed: Pressed) -> ColumnElement[bool]:
    query = (
        select(Press.id)
        .join(OccurrenceRow, OccurrenceRow.id == Press.occurrence_id)
        .where(OccurrenceRow.campaign == pressed.campaign, Press.subscriber_id == Subscriber.id)
    )
    return exists((query.where(Press.button == pressed.button) if pressed.button else query).correlate(Subscriber))


def _received(campaign: str) -> ColumnElement[bool]:
    return exists(
        select(Delivery.id)
        .join(OccurrenceRow, OccurrenceRow.id == Delivery.occurrence_id)
        .where(OccurrenceRow.campaign == campaign, Delivery.subscriber_id == Subscriber.id, Delivery.state == "sent")
        .correlate(Subscriber)
    )


def _capped(target: Target, others: Sequence[int], after: int, upto: int) -> ColumnElement[bool]:
    """Whether the resident has had as many campaign messages as the cap allows."""
    had = (
        select(Delivery.subscriber_id)
        .where(
            Delivery.occurrence_id.in_(others),
            Delivery.subscriber_id > after,
            Delivery.subscriber_id <= upto,
            Delivery.state.in_(COUNTED),
        )
        .group_by(Delivery.subscriber_id)
        .having(func.count() >= target.audience.cap.messages)
    )
    return Subscriber.id.in_(had)
