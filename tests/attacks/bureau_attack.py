"""Sends hostile answers to each operation of a gateway over a real socket, and judges what it makes of them."""

from __future__ import annotations

import base64
import json
import re
import socket
import time
import tracemalloc
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from urllib.parse import urlsplit

from credit_protection.adapters.bureaus.credito_na_medida.provider import CAPABILITIES, CreditoNaMedidaProvider
from credit_protection.domain.bureau_answers import Accepted, RecordKey
from credit_protection.domain.capabilities import Capabilities
from credit_protection.domain.customers import Address
from credit_protection.domain.documents import Cnpj, Cpf
from credit_protection.domain.errors import BureauError
from credit_protection.domain.integrations import Environment
from credit_protection.domain.money import Money
from credit_protection.domain.queries import DocumentReport, Purpose
from credit_protection.domain.reasons import RemovalReason
from credit_protection.domain.requests import InclusionOrder
from credit_protection.ports.bureau import BureauGateway, QueryOrder, RemovalOrder
from tests.adapters.http.raw_server import RawServer
from tests.attacks.hostile_answers import ALL, TRAP, HostileAnswer, Record, Truth
from tests.attacks.hostile_bureau import (
    CPF,
    LOGIN,
    NATURES,
    OTHER_CPF,
    PRODUCTS,
    REASONS,
    SECRET,
    TOKEN,
    Request,
    http,
    pdf,
)

PERSON = Cpf(CPF)
CREDITOR = Cnpj("99009000000110")
REFERENCE, DUE, ID = "FAT-2026-0001", date(2026, 1, 5), "NEG00000001"
NAME = "FULANO CANARIO DE TAL"
DEADLINE, SHORT_DEADLINE = 8.0, 0.6
MOST_SECONDS = 3.0
"""Beyond the deadline of the call."""
MOST_BYTES = 300 << 20
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_KEY = RecordKey(PERSON, REFERENCE, DUE, ID)
_KEY_WITHOUT_ID = RecordKey(PERSON, REFERENCE, DUE)


def record(operation: str, situation: str) -> Record:
    """The record of the key."""
    return {
        "id": ID,
        "documento": CPF,
        "contrato": REFERENCE,
        "vencimento": DUE.isoformat(),
        "valor": "119.90",
        "natureza": "DEV",
        "operacao": operation,
        "situacao": situation,
        "atualizado_em": "2026-10-17T12:00:00Z",
    }


INCLUDED, REMOVED = record("INCLUSAO", "INCLUSAO"), record("EXCLUSAO", "EXCLUSAO")


def truth_about(request: Request, present: Record = REMOVED) -> Truth:
    """What a bureau answers truly; `present` is the record on file."""
    address = urlsplit(request.path)
    fixed: dict[tuple[str, str], Record] = {
        ("POST", "/oauth/token"): LOGIN,
        ("GET", "/v1/produtos"): PRODUCTS,
        ("GET", "/v1/naturezas"): NATURES,
        ("GET", "/v1/motivos-baixa"): REASONS,
        ("POST", "/v1/negativacoes"): INCLUDED,
    }
    match request.method, address.path:
        case ("POST", "/v1/consultas"):
            encoded = base64.b64encode(pdf(f"CPF {CPF}")).decode()
            return Truth({"documento": CPF, "protocolo": "P-1", "pdf_base64": encoded})
        case ("GET", "/r.pdf"):
            return Truth({}, pdf(f"CPF {CPF}"))
        case ("GET", "/v1/negativacoes"):
            is_first = "pagina=0" in address.query
            return Truth({"negativacoes": [present] if is_first else [], "total": 1})
        case ("DELETE", _):
            return Truth(REMOVED)
        case asked:
            return Truth(fixed.get(asked, present))


def inclusion() -> InclusionOrder:
    """The inclusion of the record."""
    return InclusionOrder(
        document=PERSON,
        name=NAME,
        birth_date=date(1980, 2, 29),
        address=Address("RUA DAS FLORES", "10", "APTO 2", "CENTRO", "SAO PAULO", "SP", "01001000"),
        email="fulano@example.invalid",
        phone="11999990000",
        creditor=CREDITOR,
        reference=REFERENCE,
        nature_code="DEV",
        due_date=DUE,
        amount=Money(11990),
    )


def _query(gateway: BureauGateway) -> object:
    return gateway.query(QueryOrder("ESSENCIAL", PERSON, Purpose.CREDIT_GRANTING, {}))


def _remove(gateway: BureauGateway, key: RecordKey = _KEY) -> object:
    return gateway.remove(RemovalOrder(key, RemovalReason.PAYMENT, CREDITOR))


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation of a gateway, the request of it that gets the hostile answer, and other answers on the way."""

    attacked: str
    act: Callable[[BureauGateway], object]
    others: Mapping[str, bytes] = field(default_factory=dict)


_ELSEWHERE = {"POST /v1/consultas": b"url"}
OPERATIONS: dict[str, Operation] = {
    "token": Operation("POST /oauth/token", lambda gateway: gateway.products()),
    "token of an inclusion": Operation("POST /oauth/token", lambda gateway: gateway.include(inclusion())),
    "credentials": Operation("GET /v1/produtos", lambda gateway: gateway.check()),
    "products": Operation("GET /v1/produtos", lambda gateway: gateway.products()),
    "natures": Operation("GET /v1/naturezas", lambda gateway: gateway.natures()),
    "reasons": Operation("GET /v1/motivos-baixa", lambda gateway: gateway.reasons()),
    "query": Operation("POST /v1/consultas", _query),
    "report": Operation("GET /r.pdf", _query, _ELSEWHERE),
    "include": Operation("POST /v1/negativacoes", lambda gateway: gateway.include(inclusion())),
    "remove": Operation("DELETE /v1/negativacoes", _remove),
    "remove, id unknown": Operation("GET /v1/negativacoes?", lambda gateway: _remove(gateway, _KEY_WITHOUT_ID)),
    "removed": Operation(
        "GET /v1/negativacoes/",
        _remove,
        {"DELETE /v1/negativacoes": http(409, {"codigo": "JA_EXCLUIDA", "mensagem": "Já excluída."})},
    ),
    "find": Operation("GET /v1/negativacoes/", lambda gateway: gateway.find(_KEY)),
    "find, id unknown": Operation("GET /v1/negativacoes?", lambda gateway: gateway.find(_KEY_WITHOUT_ID)),
    "list": Operation("GET /v1/negativacoes?", lambda gateway: list(gateway.list_records())),
}


class AttackedBureau:
    """Answers truly, except to what begins like the attacked request."""

    def __init__(self, operation: Operation, hostile: HostileAnswer, trap: RawServer) -> None:
        self.was_sent = False
        self.applies = True
        self._operation = operation
        self._hostile = hostile
        self._trap = trap
        self.server = RawServer(self._answer)

    def _answer(self, connection: socket.socket, request: bytes) -> None:
        top, _, body = request.partition(b"\r\n\r\n")
        method, path, _ = top.decode("latin-1").split(" ", 2)
        asked = Request(method, path, body)
        named = f"{method} {path}"
        if named.startswith(self._operation.attacked):
            self._attack(connection, truth_about(asked))
            return
        given = next((answer for at, answer in self._operation.others.items() if named.startswith(at)), None)
        if given == b"url":
            given = http(200, {"protocolo": "P-1", "documento": CPF, "pdf_url": f"{self.server.url}/r.pdf"})
        connection.sendall(truth_about(asked).http() if given is None else given)

    def _attack(self, connection: socket.socket, truth: Truth) -> None:
        parts = self._hostile.make(truth)
        if parts is None:
            self.applies = False
            connection.sendall(truth.http())
            return
        self.was_sent = True
        for part in [parts] if isinstance(parts, bytes) else parts:
            connection.sendall(part.replace(TRAP.encode(), self._trap.url.encode()))
        if self._hostile.closes:
            connection.shutdown(socket.SHUT_WR)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of one attack; without faults it was held off."""

    faults: tuple[str, ...] = ()
    applied: bool = True


def attack(name: str, hostile: HostileAnswer) -> Verdict:
    """Send one answer to one operation, and judge."""
    operation = OPERATIONS[name]
    trap = RawServer(lambda connection, _: connection.sendall(http(200, b"{}")))
    bureau = AttackedBureau(operation, hostile, trap)
    seconds = SHORT_DEADLINE if hostile.is_slow else DEADLINE
    values = {"client_id": "demo", "client_secret": SECRET, "base_url": bureau.server.url}
    provider = CreditoNaMedidaProvider(_with_deadline(seconds))
    gateway = provider.create(values, Environment.PRODUCTION)
    result: object = None
    began = time.monotonic()
    try:
        result = operation.act(gateway)
    except BaseException as error:  # noqa: BLE001 - an error of any other kind is the attack's success
        result = error
    finally:
        took = time.monotonic() - began
        gateway.close()
        bureau.server.stop()
        trap.stop()
    faults = [*_faults(name, hostile, result, is_attacked=bureau.was_sent)]
    if took > seconds + MOST_SECONDS:
        faults.append(f"{took:.1f} seconds, of {seconds}")
    if trap.connections:
        faults.append("a redirect was followed")
    return Verdict(tuple(faults), bureau.was_sent and bureau.applies)


def peak_of(act: Callable[[], Verdict]) -> Verdict:
    """The verdict, with a fault where the memory is not bounded."""
    tracemalloc.start()
    try:
        verdict = act()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    if peak < MOST_BYTES:
        return verdict
    return Verdict((*verdict.faults, f"{peak >> 20} MB"), verdict.applied)


def _with_deadline(seconds: float) -> Capabilities:
    return replace(CAPABILITIES, call_deadline=timedelta(seconds=seconds))


def _faults(name: str, hostile: HostileAnswer, result: object, *, is_attacked: bool) -> list[str]:
    keeps_truth = hostile.keeps_truth_of is ALL or name in hostile.keeps_truth_of
    if isinstance(result, BureauError):
        shown = f"{result.message}\n{result.code}\n{json.dumps(result.context, default=str, ensure_ascii=False)}"
        return [*_faults_of_message(result.message), *_faults_of_text(shown)]
    if isinstance(result, BaseException):
        return [f"{type(result).__name__}: {result}"[:300]]
    faults = _faults_of_text(repr(result).replace(CPF, "") if isinstance(result, DocumentReport) else _shown(result))
    if is_attacked and not keeps_truth and not isinstance(result, Accepted):
        faults.append(f"believed: {result!r}"[:300])
    return faults


def _shown(result: object) -> str:
    """A result as text; the documents of records stand in fields of their own, whose repr is hidden or needed."""
    return repr(result).replace(f"Cpf(value='{CPF}')", "").replace(f"Cpf(value='{OTHER_CPF}')", "")


def _faults_of_message(message: str) -> list[str]:
    faults = []
    if "\n" in message or "\r" in message or not message.strip():
        faults.append(f"no line: {message[:200]!r}")
    if len(message) > 1200:
        faults.append(f"a message of {len(message)} characters")
    return faults


def _faults_of_text(text: str) -> list[str]:
    hidden = {"the secret": SECRET, "the token": TOKEN, "the document": CPF, "the other document": OTHER_CPF}
    faults = [f"shows {what}" for what, value in hidden.items() if value in text]
    if found := _CONTROL.search(text):
        faults.append(f"shows a control character {found[0]!r}")
    return faults
