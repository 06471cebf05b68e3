"""How often one client may ask, and who a client is."""

import httpx
import pytest
from starlette.requests import Request

from bot.web.rate import RateLimit, client_of
from tests.integration.web.serving import build


class Hand:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_bucket_empties_and_fills_again_steadily() -> None:
    now = Hand()
    rate = RateLimit(30, now)
    assert [rate.wait("a") for _ in range(30)] == [0] * 30
    assert rate.wait("a") == pytest.approx(2.0)
    assert rate.wait("b") == 0
    now.now = 2.0
    assert rate.wait("a") == 0
    assert rate.wait("a") > 0


def test_memory_is_bounded_whoever_comes() -> None:
    rate = RateLimit(1, Hand(), clients=100)
    for number in range(5000):
        rate.wait(str(number))
    assert len(rate._buckets) == 100


async def test_who_asks_too_often_is_told_when_to_come_back_and_others_go_on(library, sqlite, clock, client_of) -> None:  # type: ignore[no-untyped-def]
    web = build(library, sqlite, clock, rate_per_minute=2)
    busy, calm = client_of(web, "10.0.0.1"), client_of(web, "10.0.0.2")
    statuses = [(await busy.post("/api/chat", json={"text": "thủ tục"})).status_code for _ in range(3)]
    assert statuses == [200, 200, 429]
    refused = await busy.post("/api/chat", json={"text": "thủ tục"})
    assert 1 <= int(refused.headers["retry-after"]) <= 30
    assert refused.json() == {"error": "too_many", "message": library.talk.say("busy")}
    assert (await calm.post("/api/chat", json={"text": "thủ tục"})).status_code == 200


@pytest.mark.parametrize(("trusted", "last"), [(False, [200, 429, 429]), (True, [200, 200, 429])])
async def test_forwarded_addresses_count_only_behind_our_own_proxy(library, sqlite, clock, client_of, trusted, last) -> None:  # type: ignore[no-untyped-def]
    client: httpx.AsyncClient = client_of(build(library, sqlite, clock, rate_per_minute=1, trust_proxy=trusted))
    forwarded = ("198.51.100.1", "198.51.100.2", "203.0.113.9, 198.51.100.2")
    statuses = [
        (await client.post("/api/chat", json={"text": "thủ tục"}, headers={"X-Forwarded-For": value})).status_code for value in forwarded
    ]
    assert statuses == last


def _request(peer: str, *forwarded: str) -> Request:
    headers = [(b"x-forwarded-for", value.encode()) for value in forwarded]
    return Request({"type": "http", "client": (peer, 1) if peer else None, "headers": headers})


@pytest.mark.parametrize(
    ("request_", "trusted", "client"),
    [
        (_request("10.0.0.1"), False, "10.0.0.1"),
        (_request("2001:db8::1"), False, "2001:db8::/64"),
        (_request("2001:db8::2"), False, "2001:db8::/64"),
        (_request("10.0.0.1", "1.1.1.1", "2.2.2.2"), True, "2.2.2.2"),
        (_request("10.0.0.1", "x" * 500), True, "x" * 64),
        (_request("10.0.0.1"), True, "10.0.0.1"),
        (_request(""), False, ""),
    ],
)
def test_clients_are_told_apart(request_: Request, trusted: bool, client: str) -> None:
    assert client_of(request_, trusted) == client
