"""Tokens: one login for all threads, early renewal, one new login after a refusal; the forms of credentials."""

import base64
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from urllib.parse import parse_qs

import httpx
import pytest
import respx
import stamina

from credit_protection.adapters.http.auth import ClientCredentials, CredentialsForm, Token, TokenSource, log_in
from credit_protection.adapters.http.calls import Deadline, HttpCall
from credit_protection.adapters.http.client import HttpClient
from credit_protection.adapters.http.session import BureauSession
from credit_protection.domain.errors import (
    BureauError,
    BureauUnavailable,
    CredentialsRejected,
    OutcomeUnknown,
    RateLimited,
)

BASE = "https://bureau.invalid"
SECRET = "s3cr3t-of-the-test"
POST = HttpCall("POST", "/effect", json={})
GET = HttpCall("GET", "/read", safe=True)


@pytest.fixture(autouse=True)
def _retry_without_waiting() -> Iterator[None]:
    with stamina.set_testing(True, attempts=3, cap=True):
        yield


def soon() -> Deadline:
    return Deadline.after(5)


def session(form: CredentialsForm = CredentialsForm.JSON) -> BureauSession:
    return BureauSession(BASE, ClientCredentials("/token", "client", SECRET, form), 5.0)


def token(value: str = "T-1", **more: object) -> httpx.Response:
    return httpx.Response(200, json={"access_token": value, "token_type": "Bearer", "expires_in": 3600, **more})


def test_token_under_an_unknown_name_is_not_in_the_transcript() -> None:
    answered = httpx.Response(200, json={"jwt": "TOKEN-CANARIO-1"}, headers={"X-Jwt": "TOKEN-CANARIO-1"})
    with respx.mock(base_url=BASE) as router, closing(session()) as open_session:
        router.post("/token").mock(return_value=answered)
        with pytest.raises(BureauUnavailable) as caught:
            open_session.log_in(soon())
    assert "HTTP 200" in str(caught.value.context["transcript"])
    assert "CANARIO" not in f"{caught.value.context}{caught.value.message}"


class Logins:
    """Counts logins and returns T-1, T-2, ...; each takes some time, so that threads run concurrently."""

    def __init__(self, seconds: float = 100.0, error: Exception | None = None, takes: float = 0.0) -> None:
        self.count = 0
        self.now = 1000.0
        self.error = error
        self.takes = takes
        self.seconds = seconds
        self.source = TokenSource(self, lambda: self.now)

    def __call__(self, _: Deadline) -> Token:
        self.count += 1
        number = self.count
        time.sleep(self.takes)
        if self.error is not None:
            raise self.error
        return Token.from_lifetime(f"T-{number}", self.seconds, self.now)


def in_threads(count: int, act: Callable[[], str]) -> list[str]:
    got: list[str] = []
    gate = threading.Barrier(count)

    def run() -> None:
        gate.wait()
        try:
            got.append(act())
        except BureauError as error:
            got.append(error.code)

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return got


def test_concurrent_threads_share_one_login() -> None:
    logins = Logins(takes=0.1)
    assert in_threads(32, lambda: logins.source.get(soon())) == ["T-1"] * 32
    assert logins.count == 1


def test_concurrent_threads_share_the_error_of_one_login() -> None:
    logins = Logins(error=CredentialsRejected("não"), takes=0.3)
    assert in_threads(32, lambda: logins.source.get(soon())) == ["credenciais_recusadas"] * 32
    assert logins.count == 1


def test_concurrent_threads_with_a_refused_token_share_one_new_login() -> None:
    logins = Logins(takes=0.1)
    refused = logins.source.get(soon())
    assert in_threads(32, lambda: logins.source.renew(refused, soon())) == ["T-2"] * 32
    assert logins.count == 2


def test_failed_login_is_not_cached() -> None:
    logins = Logins(error=BureauUnavailable("não"))
    with pytest.raises(BureauUnavailable):
        logins.source.get(soon())
    logins.error = None
    assert logins.source.get(soon()) == "T-2"


def test_token_is_renewed_when_a_fifth_of_its_lifetime_is_left() -> None:
    logins = Logins(seconds=100)
    logins.source.get(soon())
    logins.now += 79
    assert logins.source.get(soon()) == "T-1"
    logins.now += 2
    assert logins.source.get(soon()) == "T-2"


def test_long_lived_token_is_renewed_a_minute_early() -> None:
    assert Token.from_lifetime("T", 3600, 0.0) == Token("T", 3540.0, 3600.0)


def test_token_lifetime_is_limited_to_a_day_and_not_negative() -> None:
    assert Token.from_lifetime("T", 1e18, 0.0).expires_at == 86_400
    assert Token.from_lifetime("T", -5, 7.0).expires_at == 7


def test_other_threads_use_the_valid_token_during_its_renewal() -> None:
    logins = Logins(seconds=100)
    logins.source.get(soon())
    logins.now += 90
    logins.takes = 0.2
    got = in_threads(8, lambda: logins.source.get(soon()))
    assert sorted(got) == ["T-1"] * 7 + ["T-2"]
    assert logins.count == 2


def test_valid_token_stays_in_use_after_a_failed_renewal() -> None:
    logins = Logins(seconds=100)
    logins.source.get(soon())
    logins.now += 90
    logins.error = BureauUnavailable("não")
    assert logins.source.get(soon()) == "T-1"
    assert logins.source.get(soon()) == "T-1"
    assert logins.count == 2
    logins.now += 6
    assert logins.source.get(soon()) == "T-1"
    assert logins.count == 3
    logins.now += 5
    with pytest.raises(BureauUnavailable):
        logins.source.get(soon())


def test_token_without_lifetime_is_used_once() -> None:
    logins = Logins(seconds=0)
    assert [logins.source.get(soon()) for _ in range(2)] == ["T-1", "T-2"]


def test_thread_waits_for_a_login_no_longer_than_its_own_deadline() -> None:
    logins = Logins(takes=0.5)
    leader = threading.Thread(target=lambda: logins.source.get(soon()))
    leader.start()
    while logins.count == 0:
        time.sleep(0.01)
    start = time.monotonic()
    with pytest.raises(BureauUnavailable, match="demorou"):
        logins.source.get(Deadline.after(0.1))
    assert time.monotonic() - start < 0.4
    leader.join()


@respx.mock
def test_credentials_are_sent_as_json() -> None:
    route = respx.post(f"{BASE}/token").mock(return_value=token())
    session().log_in(soon())
    request = route.calls.last.request
    assert json.loads(request.content) == {
        "grant_type": "client_credentials",
        "client_id": "client",
        "client_secret": SECRET,
    }
    assert "authorization" not in request.headers


@respx.mock
def test_credentials_are_sent_as_a_form() -> None:
    route = respx.post(f"{BASE}/token").mock(return_value=token())
    session(CredentialsForm.FORM).log_in(soon())
    request = route.calls.last.request
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"
    assert parse_qs(request.content.decode()) == {
        "grant_type": ["client_credentials"],
        "client_id": ["client"],
        "client_secret": [SECRET],
    }


@respx.mock
def test_credentials_are_sent_as_basic() -> None:
    route = respx.post(f"{BASE}/token").mock(return_value=token())
    session(CredentialsForm.BASIC).log_in(soon())
    request = route.calls.last.request
    assert request.headers["authorization"] == "Basic " + base64.b64encode(f"client:{SECRET}".encode()).decode()
    assert parse_qs(request.content.decode()) == {"grant_type": ["client_credentials"]}


@respx.mock
@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (httpx.Response(400, json={"error": "invalid_client"}), CredentialsRejected),
        (httpx.Response(401, json={}), CredentialsRejected),
        (httpx.Response(403, json={}), CredentialsRejected),
        (httpx.Response(422, json={}), CredentialsRejected),
        (httpx.Response(404, text="not here"), BureauUnavailable),
        (httpx.Response(429, headers={"retry-after": "7"}), RateLimited),
        (httpx.Response(500), BureauUnavailable),
        (httpx.Response(503), BureauUnavailable),
        (httpx.Response(200, text="<html>"), BureauUnavailable),
        (httpx.Response(200, content=b"[" * 100_000), BureauUnavailable),
        (httpx.Response(200, json=[]), BureauUnavailable),
        (httpx.Response(200, json={"token_type": "Bearer"}), BureauUnavailable),
        (httpx.Response(200, json={"access_token": ""}), BureauUnavailable),
        (httpx.Response(200, json={"access_token": "a\r\nb"}), BureauUnavailable),
        (httpx.Response(200, json={"access_token": "ação"}), BureauUnavailable),
        (httpx.Response(200, json={"access_token": "T", "token_type": "MAC"}), BureauUnavailable),
        (httpx.Response(200, json={"access_token": "T", "token_type": 5}), BureauUnavailable),
    ],
)
def test_login_without_a_token_says_what_to_do(reply: httpx.Response, error: type[BureauError]) -> None:
    respx.post(f"{BASE}/token").mock(return_value=reply)
    with pytest.raises(error) as caught:
        session().send(POST, soon())
    assert type(caught.value) is error
    assert SECRET not in repr(caught.value.context)


@respx.mock
@pytest.mark.parametrize(
    ("expires_in", "lifetime"), [(60, 60), ("60", 60), (1.5, 1.5), (None, 300), (True, 300), (-1, 300)]
)
def test_token_lifetime_is_parsed_leniently(expires_in: object, lifetime: float) -> None:
    respx.post(f"{BASE}/token").mock(return_value=token(expires_in=expires_in))
    since = time.monotonic()
    with HttpClient(BASE) as client:
        result = log_in(client, ClientCredentials("/token", "client", SECRET), soon())
    assert lifetime <= result.expires_at - since < lifetime + 1


@respx.mock
def test_login_is_attempted_three_times_while_the_bureau_is_unavailable() -> None:
    route = respx.post(f"{BASE}/token").mock(side_effect=[httpx.ConnectError("no"), httpx.Response(502), token()])
    session().log_in(soon())
    assert route.call_count == 3


@respx.mock
def test_refused_token_is_renewed_and_the_call_repeated_exactly_once() -> None:
    login = respx.post(f"{BASE}/token").mock(side_effect=[token("T-1"), token("T-2")])
    effect = respx.post(f"{BASE}/effect").mock(side_effect=[httpx.Response(401), httpx.Response(201)])
    assert session().send(POST, soon()).status == 201
    assert [call.request.headers["authorization"] for call in effect.calls] == ["Bearer T-1", "Bearer T-2"]
    assert login.call_count == 2


@respx.mock
def test_second_refusal_is_final() -> None:
    login = respx.post(f"{BASE}/token").mock(side_effect=[token("T-1"), token("T-2")])
    effect = respx.post(f"{BASE}/effect").mock(return_value=httpx.Response(401))
    with pytest.raises(CredentialsRejected):
        session().send(POST, soon())
    assert (login.call_count, effect.call_count) == (2, 2)


@respx.mock
@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (httpx.Response(403), CredentialsRejected),
        (httpx.Response(429), RateLimited),
        (httpx.Response(500), OutcomeUnknown),
        (httpx.Response(502), OutcomeUnknown),
        (httpx.Response(503), OutcomeUnknown),
        (httpx.Response(503, headers={"retry-after": "3"}), RateLimited),
        (httpx.Response(504), OutcomeUnknown),
        (httpx.Response(302), OutcomeUnknown),
        (httpx.ConnectError("no"), BureauUnavailable),
        (httpx.ReadTimeout("slow"), OutcomeUnknown),
        (httpx.ReadError("cut"), OutcomeUnknown),
        (httpx.RemoteProtocolError("Server disconnected without sending a response."), OutcomeUnknown),
    ],
)
def test_call_with_an_effect_is_not_repeated_after_any_other_failure(
    reply: httpx.Response | Exception, error: type[BureauError]
) -> None:
    respx.post(f"{BASE}/token").mock(return_value=token())
    effect = respx.post(f"{BASE}/effect").mock(side_effect=[reply])
    with pytest.raises(error) as caught:
        session().send(POST, soon())
    assert type(caught.value) is error
    assert effect.call_count == 1


@respx.mock
def test_error_references_no_request_of_the_library() -> None:
    respx.post(f"{BASE}/token").mock(return_value=token())
    respx.post(f"{BASE}/effect").mock(side_effect=httpx.ReadError("cut"))
    with pytest.raises(OutcomeUnknown) as caught:
        session().send(POST, soon())
    chain: list[BaseException | None] = [caught.value]
    while chain[-1] is not None:
        chain.append(chain[-1].__cause__ or chain[-1].__context__)
    assert not [error for error in chain if isinstance(error, httpx.HTTPError)]


@respx.mock
def test_safe_call_is_attempted_three_times() -> None:
    respx.post(f"{BASE}/token").mock(return_value=token())
    read = respx.get(f"{BASE}/read").mock(
        side_effect=[httpx.Response(500), httpx.ReadError("cut"), httpx.Response(200)]
    )
    assert session().read(GET, soon()).status == 200
    assert read.call_count == 3
    read.mock(side_effect=None, return_value=httpx.Response(500))
    with pytest.raises(BureauUnavailable):
        session().read(GET, soon())
    assert read.call_count == 6


@respx.mock
def test_throttled_safe_call_is_not_repeated() -> None:
    respx.post(f"{BASE}/token").mock(return_value=token())
    read = respx.get(f"{BASE}/read").mock(return_value=httpx.Response(429, headers={"retry-after": "1"}))
    with pytest.raises(RateLimited):
        session().read(GET, soon())
    assert read.call_count == 1


@respx.mock
def test_safe_call_is_not_repeated_when_little_time_is_left() -> None:
    respx.post(f"{BASE}/token").mock(return_value=token())
    read = respx.get(f"{BASE}/read").mock(return_value=httpx.Response(500))
    with pytest.raises(BureauUnavailable):
        session().read(GET, Deadline.after(0.9))
    assert read.call_count == 1


def test_read_refuses_an_unsafe_call() -> None:
    with pytest.raises(ValueError, match="not safe"):
        session().read(POST, soon())


@respx.mock
def test_token_is_never_sent_to_another_origin() -> None:
    respx.post(f"{BASE}/token").mock(return_value=token())
    same_origin = respx.get(f"{BASE}/file").mock(return_value=httpx.Response(200))
    other = respx.get("https://files.invalid/file").mock(return_value=httpx.Response(200))
    one = session()
    one.fetch(HttpCall("GET", f"{BASE}/file", safe=True), soon())
    one.fetch(HttpCall("GET", "https://files.invalid/file", safe=True), soon())
    assert same_origin.calls.last.request.headers["authorization"] == "Bearer T-1"
    assert "authorization" not in other.calls.last.request.headers
    with pytest.raises(ValueError, match="own origin"):
        one.send(HttpCall("GET", "https://files.invalid/file"), soon())


def test_repr_contains_no_secret() -> None:
    credentials = ClientCredentials("/token", "client", SECRET)
    values = (
        credentials,
        credentials.login_call(),
        Token("T-secret", 0, 0),
        HttpCall("GET", "/", headers={"a": SECRET}),
    )
    assert not any(SECRET in repr(one) or "T-secret" in repr(one) for one in values)
