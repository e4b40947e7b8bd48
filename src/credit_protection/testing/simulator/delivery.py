"""Performs a call under a fault: whether and when it takes effect, and what the client gets."""

from __future__ import annotations

from credit_protection.testing.simulator.bureau import Call, Refusal, ResponseContext
from credit_protection.testing.simulator.faults import Fault, FaultKind
from credit_protection.testing.simulator.server import Answer, Connection

_GARBAGE = Answer(200, b"<<resposta ileg\xc3\xadvel>>{")
_GATEWAY_ERRORS = {
    FaultKind.SERVER_ERROR: (500, "ERRO_INTERNO", "Erro interno do servidor"),
    FaultKind.BAD_GATEWAY: (502, "GATEWAY_INVALIDO", "Resposta inválida do servidor de origem"),
    FaultKind.GATEWAY_TIMEOUT: (504, "TEMPO_ESGOTADO", "O servidor de origem não respondeu a tempo"),
}
_NOT_EXECUTED = {
    FaultKind.RATE_LIMITED: (429, "MUITAS_REQUISICOES", "Muitas requisições; aguarde"),
    FaultKind.UNAVAILABLE: (503, "INDISPONIVEL", "Serviço indisponível; tente mais tarde"),
}


def deliver(call: Call, fault: Fault | None, connection: Connection) -> None:
    """Perform the call and send its answer, as the fault says."""
    kind = fault.kind if fault is not None else None
    if fault is None:
        connection.send(call.perform(ResponseContext()))
    elif kind in _NOT_EXECUTED or kind is FaultKind.REJECT:
        _refuse(call, fault, connection)
    elif kind in _GATEWAY_ERRORS:
        _fail_as_gateway(call, fault, connection)
    elif kind is FaultKind.CUT:
        call.skip_effect(fault)
        connection.cut()
    elif kind is FaultKind.LOST_REPLY:
        call.perform(ResponseContext(fault, reply_lost=True))
        connection.cut()
    elif kind is FaultKind.DELAYED_EFFECT:
        _delayed_effect(call, fault, connection)
    elif kind is FaultKind.GARBAGE:
        _send_garbage(call, fault, connection)
    elif kind is FaultKind.TRICKLE:
        connection.trickle(call.perform(ResponseContext(fault)), fault.interval)
    else:  # kinds that the bureau implements: broken reports, expired tokens, processing errors
        connection.send(call.perform(ResponseContext(fault)))


def _refuse(call: Call, fault: Fault, connection: Connection) -> None:
    status, code, message = _NOT_EXECUTED.get(fault.kind, (fault.status, fault.code, fault.message))
    answer = call.skip_effect(fault, Refusal(status, code, message, field=fault.field))
    retry_after = 1 if fault.kind is FaultKind.RATE_LIMITED and fault.retry_after is None else fault.retry_after
    headers = () if retry_after is None else (("Retry-After", str(retry_after)),)
    connection.send(Answer(answer.status, answer.body, answer.media_type, (*answer.headers, *headers)))


def _fail_as_gateway(call: Call, fault: Fault, connection: Connection) -> None:
    status, code, message = _GATEWAY_ERRORS[fault.kind]
    if fault.effect:
        call.perform(ResponseContext(fault, reply_lost=True))
        connection.send(Answer.json(status, {"codigo": code, "mensagem": message}))
    else:
        connection.send(call.skip_effect(fault, Refusal(status, code, message)))


def _send_garbage(call: Call, fault: Fault, connection: Connection) -> None:
    if fault.effect is False:
        call.skip_effect(fault)
    else:
        call.perform(ResponseContext(fault, reply_lost=True))
    connection.send(_GARBAGE)


def _delayed_effect(call: Call, fault: Fault, connection: Connection) -> None:
    """The connection's thread outlives the connection: it waits, then performs the call."""
    delay = fault.delay[0]
    first, second = sorted((fault.hold, delay))
    connection.pause(first)
    if fault.hold <= delay:
        connection.cut()
        connection.pause(second - first)
        call.perform(ResponseContext(fault, effect_delayed=True, reply_lost=True))
    else:
        call.perform(ResponseContext(fault, effect_delayed=True, reply_lost=True))
        connection.pause(second - first)
        connection.cut()
