"""How a call is carried out under a fault: what takes effect, when, and what the client gets to see of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from credit_protection.testing.simulator.bureau import Circumstances, Refusal
from credit_protection.testing.simulator.faults import FaultKind
from credit_protection.testing.simulator.server import Answer

if TYPE_CHECKING:
    from credit_protection.testing.simulator.bureau import Call
    from credit_protection.testing.simulator.faults import Fault
    from credit_protection.testing.simulator.server import Connection

_GARBAGE = Answer(200, b"<<resposta ileg\xc3\xadvel>>{")
_GATEWAY_ERRORS = {
    FaultKind.SERVER_ERROR: (500, "ERRO_INTERNO", "Erro interno do servidor"),
    FaultKind.BAD_GATEWAY: (502, "GATEWAY_INVALIDO", "Resposta inválida do servidor de origem"),
    FaultKind.GATEWAY_TIMEOUT: (504, "TEMPO_ESGOTADO", "O servidor de origem não respondeu a tempo"),
}
_NOT_NOW = {
    FaultKind.RATE_LIMITED: (429, "MUITAS_REQUISICOES", "Muitas requisições; aguarde"),
    FaultKind.UNAVAILABLE: (503, "INDISPONIVEL", "Serviço indisponível; tente mais tarde"),
}


def carry_out(call: Call, fault: Fault | None, connection: Connection) -> None:
    """Perform the call, or not, and deliver its answer, or not, as the fault says."""
    kind = fault.kind if fault is not None else None
    if fault is None:
        connection.send(call.perform(Circumstances()))
    elif kind in _NOT_NOW or kind is FaultKind.REJECT:
        _refuse(call, fault, connection)
    elif kind in _GATEWAY_ERRORS:
        _break(call, fault, connection)
    elif kind is FaultKind.CUT:
        call.forgo(fault)
        connection.cut()
    elif kind is FaultKind.LOST_REPLY:
        call.perform(Circumstances(fault, reply_lost=True))
        connection.cut()
    elif kind is FaultKind.LATE_LANDING:
        _land_late(call, fault, connection)
    elif kind is FaultKind.GARBAGE:
        _babble(call, fault, connection)
    elif kind is FaultKind.DRIP:
        connection.drip(call.perform(Circumstances(fault)), fault.interval)
    else:  # kinds that the bureau itself acts out: spoilt reports, expired tokens, errors of processing
        connection.send(call.perform(Circumstances(fault)))


def _refuse(call: Call, fault: Fault, connection: Connection) -> None:
    status, code, message = _NOT_NOW.get(fault.kind, (fault.status, fault.code, fault.message))
    answer = call.forgo(fault, Refusal(status, code, message, field=fault.field))
    retry_after = 1 if fault.kind is FaultKind.RATE_LIMITED and fault.retry_after is None else fault.retry_after
    headers = () if retry_after is None else (("Retry-After", str(retry_after)),)
    connection.send(Answer(answer.status, answer.body, answer.media_type, (*answer.headers, *headers)))


def _break(call: Call, fault: Fault, connection: Connection) -> None:
    status, code, message = _GATEWAY_ERRORS[fault.kind]
    if fault.effect:
        call.perform(Circumstances(fault, reply_lost=True))
        connection.send(Answer.json(status, {"codigo": code, "mensagem": message}))
    else:
        connection.send(call.forgo(fault, Refusal(status, code, message)))


def _babble(call: Call, fault: Fault, connection: Connection) -> None:
    if fault.effect is False:
        call.forgo(fault)
    else:
        call.perform(Circumstances(fault, reply_lost=True))
    connection.send(_GARBAGE)


def _land_late(call: Call, fault: Fault, connection: Connection) -> None:
    """The connection's own thread outlives the connection: it waits, then lets the effect land."""
    delay = fault.delay[0]
    first, second = sorted((fault.stall, delay))
    connection.pause(first)
    if fault.stall <= delay:
        connection.cut()
        connection.pause(second - first)
        call.perform(Circumstances(fault, landed_late=True, reply_lost=True))
    else:
        call.perform(Circumstances(fault, landed_late=True, reply_lost=True))
        connection.pause(second - first)
        connection.cut()
