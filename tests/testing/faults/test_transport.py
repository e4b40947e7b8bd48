"""Each scripted fault: what the gateway says, and whether the effect stands."""

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
    NoReply,
    ScriptedTransport,
    drip,
    garbage,
    html,
    lands_late,
    lost_reply,
    ok,
    rate_limited,
    refused,
    scripts,
    server_error,
    slow,
    unauthorized,
    unavailable,
)
from credit_protection.testing.simulator import BureauSimulator
from tests.testing.faults.account import BureauInMemory, gateway, inclusion, is_effect, removal

NEVER, NOW, LATE = Effect.NEVER, Effect.NOW, Effect.LATE

FAULTS: list[tuple[Fault, type[BureauError] | None, bool]] = [
    # fault, error of the call (None: answered), whether the effect stands
    (ok(), None, True),
    (refused(), BureauUnavailable, False),
    (refused(NoReply.CONNECT_TIMEOUT), BureauUnavailable, False),
    (refused(NoReply.POOL_TIMEOUT), BureauUnavailable, False),
    (rate_limited(), RateLimited, False),
    (rate_limited(None), RateLimited, False),
    (unavailable(30), RateLimited, False),
    (unavailable(), OutcomeUnknown, False),
    (unavailable(effect=NOW), OutcomeUnknown, True),
    (unavailable("logo"), OutcomeUnknown, False),
    (unauthorized(403), CredentialsRejected, False),
    (unauthorized(401), None, True),
    (lost_reply(), OutcomeUnknown, True),
    (lost_reply(NoReply.RESET), OutcomeUnknown, True),
    (lost_reply(NoReply.BROKEN_PIPE), OutcomeUnknown, True),
    (lost_reply(NoReply.TIMEOUT), OutcomeUnknown, True),
    (slow(), OutcomeUnknown, False),
    (slow(NOW), OutcomeUnknown, True),
    (lands_late(), OutcomeUnknown, False),
    (lands_late(how=NoReply.DISCONNECT), OutcomeUnknown, False),
    (server_error(), OutcomeUnknown, True),
    (server_error(502), OutcomeUnknown, True),
    (server_error(504, NEVER), OutcomeUnknown, False),
    (garbage(), ProtocolError, True),
    (garbage(b"{}", NEVER), ProtocolError, False),
    (html(), ProtocolError, True),
    (html(404), ProtocolError, True),
    (html(502, NEVER), OutcomeUnknown, False),
    (drip(), None, True),
    (drip(7, cut_after=50), OutcomeUnknown, True),
    (drip(7, cut_after=0), OutcomeUnknown, True),
    (drip(7, cut_after=10_000, cut_by=NoReply.DISCONNECT), OutcomeUnknown, True),
    (drip(7, cut_after=50, cut_by=NoReply.RESET), OutcomeUnknown, True),
]


def scripted(bureau: BureauInMemory, *script: Fault) -> tuple[ScriptedTransport, CreditoNaMedidaGateway]:
    transport = ScriptedTransport(bureau, script, matching=is_effect)
    return transport, gateway(transport=transport)


def named(fault: object) -> str | None:
    return repr(fault) if isinstance(fault, Fault) else None


@pytest.mark.parametrize(("fault", "error", "stands"), FAULTS, ids=named)
def test_an_inclusion(fault: Fault, error: type[BureauError] | None, stands: bool) -> None:
    bureau = BureauInMemory()
    transport, account = scripted(bureau, fault)
    if error is None:
        assert isinstance(account.include(inclusion()), Accepted)
    else:
        with pytest.raises(error) as caught:
            account.include(inclusion())
        assert type(caught.value) is error
    assert len(bureau.records()) == stands
    told = next(call for call in transport.calls if call.fault == fault and call.path == "/v1/negativacoes")
    assert told.executed == (fault.effect is NOW)
    assert told.method == "POST"


@pytest.mark.parametrize(("fault", "error", "goes"), FAULTS, ids=named)
def test_a_removal(fault: Fault, error: type[BureauError] | None, goes: bool) -> None:
    bureau = BureauInMemory()
    transport, account = scripted(bureau)
    account.include(inclusion())
    bureau.settle()
    transport.rewrite(fault)
    if error is None:
        assert isinstance(account.remove(removal()), Accepted)
    else:
        with pytest.raises(error) as caught:
            account.remove(removal())
        assert type(caught.value) is error
    assert [record["operacao"] for record in bureau.records()] == ["EXCLUSAO" if goes else "INCLUSAO"]


def test_a_call_that_lands_late_takes_effect_when_the_test_says_so() -> None:
    bureau = BureauInMemory()
    transport, account = scripted(bureau, lands_late())
    with pytest.raises(OutcomeUnknown):
        account.include(inclusion())
    assert account.remove(removal()) == Done(ExecutionResult.NOT_FOUND)
    (flying,) = transport.in_flight
    transport.land(flying.number)
    assert transport.calls[flying.number].executed
    assert transport.calls[flying.number].status == 201
    assert (len(bureau.records()), transport.in_flight) == (1, ())
    with pytest.raises(KeyError):
        transport.land(flying.number)


def test_all_that_is_in_flight_lands_in_the_order_sent() -> None:
    bureau = BureauInMemory()
    transport, account = scripted(bureau, *repeat(lands_late(), 2))
    for reference in ("A", "B"):
        with pytest.raises(OutcomeUnknown):
            account.include(inclusion(reference))
    transport.land()
    assert [record["contrato"] for record in bureau.records()] == ["A", "B"]


def test_a_call_lands_late_when_its_virtual_time_has_come() -> None:
    bureau = BureauInMemory()
    transport, account = scripted(bureau, lands_late(after=30), lands_late(after=10))
    for reference in ("A", "B"):
        with pytest.raises(OutcomeUnknown):
            account.include(inclusion(reference))
    transport.advance(9)
    assert bureau.records() == []
    transport.advance(40)
    assert [record["contrato"] for record in bureau.records()] == ["B", "A"]
    assert [call.landed_at for call in transport.calls] == [0.0, 30.0, 10.0]
    assert transport.now == 49
    with pytest.raises(ValueError, match="only moves on"):
        transport.advance(-1)


def test_a_real_drip_is_cut_at_the_total_deadline() -> None:
    bureau = BureauInMemory()
    transport = ScriptedTransport(bureau, [drip(1, interval=0.05)], matching=is_effect)
    account = gateway(transport=transport, seconds=0.3)
    began = time.monotonic()
    with pytest.raises(OutcomeUnknown):
        account.include(inclusion())
    assert time.monotonic() - began < 1
    assert len(bureau.records()) == 1


def test_a_refused_token_is_renewed_and_the_call_sent_once_more() -> None:
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


def test_a_call_that_is_not_matched_does_not_take_a_turn() -> None:
    transport, account = scripted(BureauInMemory(), refused())
    account.check()
    assert {call.fault for call in transport.calls} == {ok()}
    with pytest.raises(BureauUnavailable):
        account.include(inclusion())


def test_without_matching_every_call_takes_its_turn() -> None:
    transport = ScriptedTransport(BureauInMemory(), [unauthorized(403)])
    with pytest.raises(CredentialsRejected):
        gateway(transport=transport).include(inclusion())
    assert [call.path for call in transport.calls] == ["/oauth/token"]


def test_it_wraps_a_real_transport_as_well() -> None:
    with BureauSimulator(processing_seconds=60) as simulator:
        transport = ScriptedTransport(httpx.HTTPTransport(), [lost_reply(), lands_late()], matching=is_effect)
        account = gateway(simulator.url, transport)
        for reference in ("A", "B"):
            with pytest.raises(OutcomeUnknown):
                account.include(inclusion(reference))
        assert simulator.counts()["records"] == 1
        transport.land()
        assert simulator.counts()["records"] == 2
        account.close()


@pytest.mark.parametrize(
    "contradiction",
    [
        lambda: Fault("sent", Effect.NOW, NoReply.REFUSED),
        lambda: Fault("unanswerable", Effect.NEVER),
        lambda: Fault("empty", piece=0),
        lambda: unavailable(1, NOW),
        lambda: lost_reply(NoReply.POOL_TIMEOUT),
    ],
)
def test_a_fault_that_contradicts_itself_is_refused(contradiction: Callable[[], Fault]) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - each has its own words
        contradiction()


def test_a_fault_is_shown_by_what_it_differs_in() -> None:
    assert (
        repr((ok(), drip(3))) == "(Fault(name='ok'), Fault(name='drip', piece=3, cut_by=<NoReply.TIMEOUT: 'timeout'>))"
    )


def test_scripts_shrink_to_the_least_that_goes_wrong() -> None:
    def loses_the_third(script: tuple[Fault, ...]) -> bool:
        return len(script) > 2 and script[2].effect is NOW and script[2].no_reply is not None

    assert find(scripts(), lambda script: any(fault != ok() for fault in script)) == (refused(),)
    assert find(scripts(), loses_the_third) == (ok(), ok(), lost_reply())
