"""The operations of the declared contract. Each takes an order and returns an answer, or raises a refusal."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from typing import Any
from urllib.parse import parse_qsl

from credit_protection.testing.simulator.bureau import Refusal, ResponseContext
from credit_protection.testing.simulator.contract import ContractViolation, Operation
from credit_protection.testing.simulator.credito_na_medida.ledger import Debt
from credit_protection.testing.simulator.credito_na_medida.reports import ReportOrder, report
from credit_protection.testing.simulator.credito_na_medida.state import BureauState, ReportForm, person_of
from credit_protection.testing.simulator.faults import Fault, FaultKind
from credit_protection.testing.simulator.server import Answer, Request


@dataclass(slots=True)
class Order:
    """A request, and the `Call` that performs it.

    Args:
        operation: its name in fault rules.
        received_at: on the simulator's clock.
        handler: makes the answer, or raises a refusal.
        log: writes the order, its status (None without an answer) and its outcome into the ledger.
        contracted: its operation in the contract, if it has one.
    """

    request: Request
    operation: str
    received_at: float
    handler: Callable[[Order], Answer]
    log: Callable[[Order, int | None, str], None]
    contracted: Operation | None = None
    path: dict[str, str] = field(default_factory=dict)
    subject: dict[str, str] = field(default_factory=dict)
    context: ResponseContext = field(default_factory=ResponseContext)
    record_id: str | None = None
    repeated: bool = False
    reinclusion: bool = False

    def perform(self, context: ResponseContext) -> Answer:
        """Perform the request, and log it."""
        self.context = context
        outcome = "RESPONDIDA" if self.operation == "query" else "ACEITA"
        try:
            answer = self.handler(self)
        except ContractViolation as violation:
            outcome = "VALIDACAO"
            answer = refused(Refusal(422, outcome, str(violation), field=violation.field))
        except Refusal as refusal:
            outcome = refusal.code
            answer = refused(refusal)
            self.record_id = refusal.record_id
        self.log(self, answer.status, outcome)
        return answer

    def skip_effect(self, fault: Fault, refusal: Refusal | None = None) -> Answer:
        """Log that the request had no effect."""
        self.context = ResponseContext(fault)
        if refusal is None:
            self.log(self, None, "CORTADA")
            return Answer(503, b"")
        self.log(self, refusal.status, refusal.code)
        return refused(refusal)

    def query(self) -> dict[str, str | int]:
        """The query parameters, checked against the contract; a path outside the contract has none."""
        if self.contracted is None:
            return {}
        if self.request.body and not self.contracted.has_body:
            raise Refusal(400, "CORPO_INESPERADO", "Esta operação não recebe corpo")
        return self.contracted.check_query(self.request.query)

    def body(self) -> dict[str, Any]:
        """The JSON body, checked against the contract."""
        return self.checked(self.parsed())

    def checked(self, value: object) -> dict[str, Any]:
        """A body, checked against the contract."""
        if self.contracted is not None:
            self.contracted.check_body(value)
        return value if isinstance(value, dict) else {}

    def parsed(self) -> object:
        """The body as JSON of any type."""
        if self.media_type() != "application/json":
            raise Refusal(415, "TIPO_DE_CONTEUDO", "Envie application/json")
        try:
            return json.loads(self.request.body)
        except ValueError:
            raise Refusal(400, "JSON_INVALIDO", "O corpo não é JSON") from None

    def media_type(self) -> str:
        """The body's media type without its parameters."""
        return self.request.headers.get("content-type", "").partition(";")[0].strip().lower()

    def fault(self, kind: FaultKind) -> Fault | None:
        """The order's fault, if it is of that kind."""
        fault = self.context.fault
        return fault if fault is not None and fault.kind is kind else None

    def processing_error(self) -> str | None:
        """The error after processing, where a fault says so."""
        fault = self.fault(FaultKind.PROCESSING_ERROR)
        return fault.message if fault is not None else None


def refused(refusal: Refusal) -> Answer:
    """A refusal as the contract's Erro."""
    error = {"codigo": refusal.code, "mensagem": refusal.message, "campo": refusal.field, "id": refusal.record_id}
    return Answer.json(refusal.status, error)


OWN_REPORTS, OTHER_REPORTS = "/v1/relatorios/", "/arquivos/"
_DEFAULT_PAGE_SIZE = 100


class Operations:
    """`table` has the name in fault rules and the handler of each (method, path template) of the contract."""

    def __init__(self, state: BureauState) -> None:
        self._state = state
        self.table: dict[tuple[str, str], tuple[str, Callable[[Order], Answer]]] = {
            ("POST", "/oauth/token"): ("token", self._token),
            ("GET", "/v1/produtos"): ("products", partial(self._catalogue, "produtos")),
            ("GET", "/v1/naturezas"): ("natures", partial(self._catalogue, "naturezas")),
            ("GET", "/v1/motivos-baixa"): ("reasons", partial(self._catalogue, "motivos")),
            ("POST", "/v1/consultas"): ("query", self._query),
            ("GET", "/v1/negativacoes"): ("find", self._find),
            ("POST", "/v1/negativacoes"): ("include", self._include),
            ("GET", "/v1/negativacoes/{id}"): ("find", self._get),
            ("DELETE", "/v1/negativacoes/{id}"): ("remove", self._remove),
        }

    def _token(self, order: Order) -> Answer:
        """Log in; the credentials come as JSON, as a form, or as HTTP Basic."""
        order.query()
        body = order.checked(_credentials(order))
        options = self._state.options
        if (body["client_id"], body["client_secret"]) != (options.client_id, options.client_secret):
            raise Refusal(401, "CREDENCIAIS_INVALIDAS", "client_id ou client_secret inválido")
        token = self._state.tokens.issue(options.token_seconds)
        return Answer.json(200, {"access_token": token, "token_type": "Bearer", "expires_in": options.token_seconds})

    def _catalogue(self, name: str, order: Order) -> Answer:
        self._admit(order)
        return Answer.json(200, {name: self._state.catalogue.as_json()[name]})

    def _query(self, order: Order) -> Answer:
        """Charge a credit query, then answer in the form that the options set."""
        self._admit(order)
        body = order.body()
        inputs: dict[str, str] = body.get("insumos", {})
        product = self._state.catalogue.query_product(body["produto"], self._person(body["documento"]), inputs)
        self._state.charge(Decimal(product.get("preco") or 0))
        question = ReportOrder(body["documento"], product["codigo"], product["nome"], tuple(sorted(inputs.items())))
        return self._report_answer(question, order)

    def report(self, folder: str, order: Order) -> Answer:
        """Give a report: on the API's origin with the token, on the other origin, where none must be sent, without."""
        if folder == OWN_REPORTS:
            self._admit(order)
        elif "authorization" in order.request.headers:
            self._state.ledger.count_leaked_token()
        path = order.request.path
        protocolo = path.removeprefix(folder).removesuffix(".pdf")
        kept = self._state.reports.get(protocolo)
        if order.request.method != "GET" or kept is None or path != f"{folder}{protocolo}.pdf":
            raise Refusal(404, "NAO_ENCONTRADA", "Relatório não encontrado")
        question, fault = kept
        return _file(question, order.context.fault or fault, ())

    def _find(self, order: Order) -> Answer:
        filters = self._admit(order)
        page, page_size = int(filters.pop("pagina", 0)), int(filters.pop("por_pagina", _DEFAULT_PAGE_SIZE))
        if page_size < 1:
            raise ContractViolation("por_pagina", "deve ser no mínimo 1")
        ledger = self._state.ledger
        found, total = ledger.find(filters, page=page, page_size=page_size)
        return Answer.json(200, {"negativacoes": [ledger.wire(record) for record in found], "total": total})

    def _get(self, order: Order) -> Answer:
        self._admit(order)
        ledger = self._state.ledger
        return Answer.json(200, ledger.wire(ledger.get(order.path["id"])))

    def _include(self, order: Order) -> Answer:
        self._admit(order)
        body = order.body()
        person = self._person(body["documento"])
        if person != body["tipo_pessoa"]:
            raise Refusal(422, "TIPO_PESSOA_DIVERGENTE", f"O documento é de {person}", field="tipo_pessoa")
        self._state.catalogue.check_nature(body["natureza"], person)
        if Decimal(body["valor"]) <= 0:
            raise Refusal(422, "VALOR_INVALIDO", "O valor deve ser maior que zero", field="valor")
        names = ("documento", "contrato", "vencimento", "valor", "natureza")
        record = self._state.ledger.include(
            Debt(**{name: body[name] for name in names}, pedido=order.request.body),
            seconds=self._state.options.processing_seconds,
            duplicate_check=self._state.options.duplicate_check,
            error=order.processing_error(),
        )
        order.record_id, order.repeated, order.reinclusion = record.id, record.repeated, record.reinclusion
        return Answer.json(201, self._state.ledger.wire(record))

    def _remove(self, order: Order) -> Answer:
        motivo = str(self._admit(order)["motivo"])
        ledger = self._state.ledger
        ledger.get(order.path["id"])
        self._state.catalogue.check_reason(motivo)
        seconds = self._state.options.processing_seconds
        removed = ledger.remove(order.path["id"], motivo, seconds=seconds, error=order.processing_error())
        return Answer.json(202, ledger.wire(removed))

    def _admit(self, order: Order) -> dict[str, str | int]:
        """Check the token; return the query parameters."""
        if order.fault(FaultKind.EXPIRED_TOKEN):
            self._state.tokens.expire_all()
        self._state.tokens.check(order.request.headers.get("authorization", ""))
        return order.query()

    def _person(self, document: str) -> str:
        person = person_of(document, alphanumeric=self._state.options.alphanumeric_cnpj)
        if person is None:
            raise Refusal(422, "DOCUMENTO_INVALIDO", "CPF ou CNPJ inválido", field="documento")
        return person

    def _report_answer(self, question: ReportOrder, order: Order) -> Answer:
        fault = order.context.fault
        headers = (("X-Protocolo", question.protocolo),)
        options = self._state.options
        form = options.report_forms.get(question.produto, options.report_form)
        if form is ReportForm.PDF:
            return _file(question, fault, headers)
        answer: dict[str, Any] = {"protocolo": question.protocolo}
        if form is ReportForm.BASE64:
            answer["pdf_base64"] = base64.b64encode(report(question, fault.kind if fault else None)).decode()
        else:
            self._state.reports[question.protocolo] = question, fault
            own = f"http://{order.request.headers.get('host', '')}{OWN_REPORTS}"
            folder = own if form is ReportForm.URL else f"{self._state.files_origin()}{OTHER_REPORTS}"
            answer["pdf_url"] = f"{folder}{question.protocolo}.pdf"
        return Answer.json(200, answer, headers)


def _credentials(order: Order) -> object:
    """The credentials of a login, in the form of the JSON body."""
    if order.media_type() == "application/x-www-form-urlencoded":
        body: object = dict(parse_qsl(order.request.body.decode("utf-8", "replace"), keep_blank_values=True))
    else:
        body = order.parsed()
    scheme, _, encoded = order.request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic" or not isinstance(body, dict):
        return body
    try:
        client_id, _, client_secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        raise Refusal(401, "CREDENCIAIS_INVALIDAS", "Authorization inválido") from None
    return body | {"client_id": client_id, "client_secret": client_secret}


def _file(question: ReportOrder, fault: Fault | None, headers: tuple[tuple[str, str], ...]) -> Answer:
    media_type = "application/pdf"
    if fault is not None and fault.kind is FaultKind.HTML_INSTEAD_OF_PDF:
        media_type = fault.media_type
    return Answer(200, report(question, fault.kind if fault else None), media_type, headers)
