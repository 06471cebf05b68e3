"""The arithmetic of pace, at times of our choosing."""

import heapq
import random

import pytest

from bot.campaigns.pacing import Bucket, Chats


def run(bucket: Bucket, seconds: float, replies: dict[float, int] | None = None) -> tuple[list[float], list[float]]:
    """(campaign starts, waits of replies) while a campaign takes whatever it gets; time is simulated."""
    now, starts, waits = 0.0, [], []
    coming = sorted(moment for moment, count in (replies or {}).items() for _ in range(count))
    while now < seconds:
        while coming and coming[0] <= now:
            asked = coming.pop(0)
            now += bucket.reply_in(now)
            waits.append(now - asked)
            bucket.landed(bucket.took_reply(now), now)
            starts.append(now)
        wait = bucket.campaign_in(now)
        if wait <= 0:
            bucket.landed(bucket.took_campaign(now), now)
            starts.append(now)
        else:
            now = min(now + wait, coming[0]) if coming and coming[0] > now else now + wait
    return starts, waits


def most_in_a_second(starts: list[float]) -> int:
    return max(sum(1 for other in starts if start <= other < start + 1.0) for start in starts)


@pytest.mark.parametrize("rate", [1, 25, 30, 100, 1000])
def test_uses_nearly_all_of_the_rate_and_never_more(rate: float) -> None:
    starts, _ = run(Bucket(rate), 5)
    assert most_in_a_second(starts[: rate * 3 + 3]) <= rate
    assert len(starts) >= 5 * rate * 0.99


@pytest.mark.parametrize(("rate", "seed"), [(30, 1), (30, 2), (200, 3)])
def test_however_the_way_varies_no_more_arrive_in_a_second_than_are_allowed(rate: float, seed: int) -> None:
    """The platform counts arrivals: what was held up on its way meets what left later."""
    rng = random.Random(seed)
    bucket, now, arrived, answers = Bucket(rate), 0.0, [], []
    while now < 30:
        while answers and answers[0][0] <= now:
            moment, number = heapq.heappop(answers)
            bucket.landed(number, moment)
        wait = bucket.campaign_in(now)
        if wait > 0:
            now += min(wait, answers[0][0] - now if answers else wait) + 1e-6
            continue
        there = 0.03 + rng.expovariate(1 / 0.02) + (0.4 if rng.random() < 0.01 else 0.0)
        arrived.append(now + there)
        heapq.heappush(answers, (now + there + 0.03, bucket.took_campaign(now)))
    assert most_in_a_second(sorted(arrived)) <= rate
    assert len(arrived) > 0.93 * 30 * rate, "and what the varying way costs is no more than it varies by"


def test_what_is_never_answered_gives_its_room_back() -> None:
    bucket = Bucket(2)
    for _ in range(2):
        bucket.took_campaign(0.0)
    assert bucket.reply_in(1.5) > 0
    assert bucket.reply_in(4.1) == 0


def test_spreads_evenly_instead_of_a_burst_at_the_start() -> None:
    starts, _ = run(Bucket(30), 1)
    assert sum(1 for start in starts if start < 0.1) <= 4


def test_a_rate_below_one_a_second_is_kept_too() -> None:
    starts, _ = run(Bucket(0.5), 10)
    assert len(starts) == 5


def test_replies_stay_within_the_limit_and_wait_less_than_a_second_while_a_campaign_runs() -> None:
    starts, waits = run(Bucket(30), 8, {2 + 0.31 * n: 1 for n in range(15)})
    assert most_in_a_second(starts) <= 30
    assert max(waits) < 0.05


def test_room_is_kept_while_residents_ask_and_given_back_when_they_stop() -> None:
    bucket = Bucket(30)
    bucket.took_reply(0.0)
    assert bucket.kept_for_replies(5.0) == 2
    assert bucket.kept_for_replies(11.0) == 0


def test_a_429_silences_replies_and_campaigns_alike() -> None:
    bucket = Bucket(30)
    bucket.close(0.0, 7.0)
    assert bucket.reply_in(1.0) == pytest.approx(6.0)
    assert bucket.campaign_in(1.0) == pytest.approx(6.0)


def test_a_shorter_wait_does_not_lift_a_longer_one() -> None:
    bucket = Bucket(30)
    bucket.close(0.0, 10.0)
    bucket.close(1.0, 1.0)
    assert bucket.reply_in(3.0) == pytest.approx(7.0)


def test_learns_from_a_429_and_recovers_slowly() -> None:
    bucket = Bucket(30)
    bucket.close(0.0, 1.0)
    bucket.close(0.1, 1.0)  # the same flood
    assert bucket.factor == pytest.approx(0.8)
    for minute in range(1, 10):
        bucket.campaign_in(minute * 60.0)
    assert bucket.factor == pytest.approx(1.0)


def test_one_person_gets_one_message_a_second_and_a_group_twenty_a_minute() -> None:
    chats = Chats()
    assert [round(chats.book("5", 0.0), 2) for _ in range(3)] == [0.0, 1.01, 2.02]
    assert [round(chats.book("-5", 0.0), 2) for _ in range(3)] == [0.0, 3.05, 6.1]
    assert chats.book("6", 0.0) == 0.0


def test_chats_written_to_long_ago_are_forgotten() -> None:
    chats = Chats()
    for number in range(1000):
        chats.book(str(number), float(number))
    assert len(chats._free) < 10


def test_what_has_been_sent_is_forgotten_when_only_replies_go_out() -> None:
    bucket = Bucket(1000)
    for number in range(20_000):
        bucket.landed(bucket.took_reply(number / 100), number / 100)
    assert len(bucket._counted_until) <= 200 and len(bucket._replies) <= 2000
