"""Each scripted fault: the gateway's report, and whether the call takes effect."""

import time
from collections.abc import Callable
from itertools import repeat

import httpx
import pytest
from hypothesis import find

from credit_protection.adapters.bureaus.credito_na_medida.gateway import CreditoNaMedidaGateway
from credit_protection.domain.bureau_answers import Accepted, Done, ExecutionResult
from credit_protection.domain.errors import (
    BureauError,
    BureauUnavailable,
    CredentialsRejected,
    OutcomeUnknown,
    ProtocolError,
    RateLimited,
)
from credit_protection.testing.faults import (
    Effect,
    Fault,
    ScriptedTransport,
    TransportFailure,
    delayed_effect,
    garbage,
    html,
    lost_reply,
    ok,
    rate_limited,
    refused,
    scripts,
    server_error,
    slow,
    trickle,
    unauthorized,
    unavailable,
)
from credit_protection.testing.simulator import BureauSimulator
from tests.testing.faults.account import BureauInMemory, gateway, inclusion, is_effect, removal

NEVER, NOW, DELAYED = Effect.NEVER, Effect.NOW, Effect.DELAYED

FAULTS: list[tuple[Fault, type[BureauError] | None, bool]] = [
    # fault, error of the call (None: answered), whether it takes effect
    (ok(), None, True),
    (refused(), BureauUnavailable, False),
    (refused(TransportFailure.CONNECT_TIMEOUT), BureauUnavailable, False),
    (refused(TransportFailure.POOL_TIMEOUT), BureauUnavailable, False),
    (rate_limited(), RateLimited, False),
    (rate_limited(None), RateLimited, False),
    (unavailable(30), RateLimited, False),
    (unavailable(), OutcomeUnknown, False),
    (unavailable(effect=NOW), OutcomeUnknown, True),
    (unavailable("logo"), OutcomeUnknown, False),
    (unauthorized(403), CredentialsRejected, False),
    (unauthorized(401), None, True),
    (lost_reply(), OutcomeUnknown, True),
    (lost_reply(TransportFailure.RESET), OutcomeUnknown, True),
    (lost_reply(TransportFailure.BROKEN_PIPE), OutcomeUnknown, True),
    (lost_reply(TransportFailure.TIMEOUT), OutcomeUnknown, True),
    (slow(), OutcomeUnknown, False),
    (slow(NOW), OutcomeUnknown, True),
    (delayed_effect(), OutcomeUnknown, False),
    (delayed_effect(failure=TransportFailure.DISCONNECT), OutcomeUnknown, False),
    (server_error(), OutcomeUnknown, True),
    (server_error(502), OutcomeUnknown, True),
    (server_error(504, NEVER), OutcomeUnknown, False),
    (garbage(), ProtocolError, True),
    (garbage(b"{}", NEVER), ProtocolError, False),
    (html(), ProtocolError, True),
    (html(404), ProtocolError, True),
    (html(502, NEVER), OutcomeUnknown, False),
    (trickle(), None, True),
    (trickle(7, cut_after=50), OutcomeUnknown, True),
    (trickle(7, cut_after=0), OutcomeUnknown, True),
    (trickle(7, cut_after=10_000, cut_by=TransportFailure.DISCONNECT), OutcomeUnknown, True),
    (trickle(7, cut_after=50, cut_by=TransportFailure.RESET), OutcomeUnknown, True),
]


def scripted(bureau: BureauInMemory, *script: Fault) -> tuple[ScriptedTransport, CreditoNaMedidaGateway]:
    transport = ScriptedTransport(bureau, script, matching=is_effect)
    return transport, gateway(transport=transport)


def named(fault: object) -> str | None:
    return repr(fault) if isinstance(fault, Fault) else None


@pytest.mark.parametrize(("fault", "error", "takes_effect"), FAULTS, ids=named)
def test_inclusion_is_reported_truthfully(fault: Fault, error: type[BureauError] | None, takes_effect: bool) -> None:
    bureau = BureauInMemory()
    transport, account = scripted(bureau, fault)
    if error is None:
        assert isinstance(account.include(inclusion()), Accepted)
    else:
        with pytest.raises(error) as caught:
            account.include(inclusion())
        assert type(caught.value) is error
    assert len(bureau.records()) == takes_effect
    call_made = next(call for call in transport.calls if call.fault == fault and call.path == "/v1/negativacoes")
    assert call_made.executed == (fault.effect is NOW)
    assert call_made.method == "POST"


@pytest.mark.parametrize(("fault", "error", "goes"), FAULTS, ids=named)
def test_removal_is_reported_truthfully(fault: Fault, error: type[BureauError] | None, goes: bool) -> None:
    bureau = BureauInMemory()
    transport, account = scripted(bureau)
    account.include(inclusion())
    bureau.process_pending()
    transport.replace_script(fault)
    if error is None:
        assert isinstance(account.remove(removal()), Accepted)
    else:
        with pytest.raises(error) as caught:
            account.remove(removal())
        assert type(caught.value) is error
    assert [record["operacao"] for record in bureau.records()] == ["EXCLUSAO" if goes else "INCLUSAO"]


def test_delayed_call_takes_effect_when_the_test_delivers_it() -> None:
    bureau = BureauInMemory()
    transport, account = scripted(bureau, delayed_effect())
    with pytest.raises(OutcomeUnknown):
        account.include(inclusion())
    assert account.remove(removal()) == Done(ExecutionResult.NOT_FOUND)
    (flying,) = transport.in_flight
    transport.deliver(flying.number)
    assert transport.calls[flying.number].executed
    assert transport.calls[flying.number].status == 201
    assert (len(bureau.records()), transport.in_flight) == (1, ())
    with pytest.raises(KeyError):
        transport.deliver(flying.number)


def test_calls_in_flight_take_effect_in_the_order_sent() -> None:
    bureau = BureauInMemory()
    transport, account = scripted(bureau, *repeat(delayed_effect(), 2))
    for reference in ("A", "B"):
        with pytest.raises(OutcomeUnknown):
            account.include(inclusion(reference))
    transport.deliver()
    assert [record["contrato"] for record in bureau.records()] == ["A", "B"]


def test_delayed_call_takes_effect_at_its_virtual_time() -> None:
    bureau = BureauInMemory()
    transport, account = scripted(bureau, delayed_effect(after=30), delayed_effect(after=10))
    for reference in ("A", "B"):
        with pytest.raises(OutcomeUnknown):
            account.include(inclusion(reference))
    transport.advance(9)
    assert bureau.records() == []
    transport.advance(40)
    assert [record["contrato"] for record in bureau.records()] == ["B", "A"]
    assert [call.executed_at for call in transport.calls] == [0.0, 30.0, 10.0]
    assert transport.now == 49
    with pytest.raises(ValueError, match="only moves on"):
        transport.advance(-1)


def test_real_trickle_is_cut_at_the_total_deadline() -> None:
    bureau = BureauInMemory()
    transport = ScriptedTransport(bureau, [trickle(1, interval=0.05)], matching=is_effect)
    account = gateway(transport=transport, seconds=0.3)
    began = time.monotonic()
    with pytest.raises(OutcomeUnknown):
        account.include(inclusion())
    assert time.monotonic() - began < 1
    assert len(bureau.records()) == 1


def test_refused_token_is_renewed_and_the_call_repeated() -> None:
    bureau = BureauInMemory()
    transport, account = scripted(bureau, unauthorized(), lost_reply())
    with pytest.raises(OutcomeUnknown):
        account.include(inclusion())
    assert [(call.path, call.executed) for call in transport.calls] == [
        ("/oauth/token", True),
        ("/v1/negativacoes", False),
        ("/oauth/token", True),
        ("/v1/negativacoes", True),
    ]


def test_unmatched_call_takes_no_fault() -> None:
    transport, account = scripted(BureauInMemory(), refused())
    account.check()
    assert {call.fault for call in transport.calls} == {ok()}
    with pytest.raises(BureauUnavailable):
        account.include(inclusion())


def test_every_call_takes_a_fault_without_matching() -> None:
    transport = ScriptedTransport(BureauInMemory(), [unauthorized(403)])
    with pytest.raises(CredentialsRejected):
        gateway(transport=transport).include(inclusion())
    assert [call.path for call in transport.calls] == ["/oauth/token"]


def test_scripted_transport_wraps_a_real_transport() -> None:
    with BureauSimulator(processing_seconds=60) as simulator:
        transport = ScriptedTransport(httpx.HTTPTransport(), [lost_reply(), delayed_effect()], matching=is_effect)
        account = gateway(simulator.url, transport)
        for reference in ("A", "B"):
            with pytest.raises(OutcomeUnknown):
                account.include(inclusion(reference))
        assert simulator.counts()["records"] == 1
        transport.deliver()
        assert simulator.counts()["records"] == 2
        account.close()


@pytest.mark.parametrize(
    "contradiction",
    [
        lambda: Fault("sent", Effect.NOW, TransportFailure.REFUSED),
        lambda: Fault("unanswerable", Effect.NEVER),
        lambda: Fault("empty", piece=0),
        lambda: unavailable(1, NOW),
        lambda: lost_reply(TransportFailure.POOL_TIMEOUT),
    ],
)
def test_contradictory_fault_is_refused(contradiction: Callable[[], Fault]) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - each has its own words
        contradiction()


def test_fault_shows_only_its_differences_from_ok() -> None:
    assert (
        repr((ok(), trickle(3)))
        == "(Fault(name='ok'), Fault(name='trickle', piece=3, cut_by=<TransportFailure.TIMEOUT: 'timeout'>))"
    )


def test_scripts_shrink_to_the_shortest_failure() -> None:
    def loses_the_third(script: tuple[Fault, ...]) -> bool:
        return len(script) > 2 and script[2].effect is NOW and script[2].failure is not None

    assert find(scripts(), lambda script: any(fault != ok() for fault in script)) == (refused(),)
    assert find(scripts(), loses_the_third) == (ok(), ok(), lost_reply())
