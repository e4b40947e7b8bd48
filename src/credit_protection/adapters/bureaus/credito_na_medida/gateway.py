"""Crédito na Medida: the kind that integrations are registered for, and the gateway to one account."""

from __future__ import annotations

import math
from dataclasses import dataclass
from ipaddress import ip_address
from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar, TypeVar
from urllib.parse import urlsplit

from credit_protection.adapters.bureaus.credito_na_medida import codes, errors, wire
from credit_protection.adapters.bureaus.ready_reports import check_pdf
from credit_protection.domain.bureau_answers import Accepted, Done, ExecutionResult, Missing, RecordState, Rejected
from credit_protection.domain.capabilities import Capabilities, FieldLimit, Registry, RemovalKey
from credit_protection.domain.errors import BureauError, InvalidInput, InvalidReport, OutcomeUnknown
from credit_protection.domain.parameters import ParameterSpec
from credit_protection.domain.queries import PDF, DocumentReport

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from credit_protection.adapters.http.calls import Deadline, HttpCall, HttpReply
    from credit_protection.adapters.http.client import Transport
    from credit_protection.adapters.http.session import BureauSession
    from credit_protection.domain.bureau_answers import Receipt, RecordKey, LookupResult
    from credit_protection.domain.integrations import Environment
    from credit_protection.domain.natures import InclusionNature
    from credit_protection.domain.products import Product
    from credit_protection.domain.queries import CreditReport
    from credit_protection.domain.reasons import BureauReason
    from credit_protection.domain.requests import InclusionOrder
    from credit_protection.ports.bureau import ListedRecord, QueryOrder, RemovalOrder

CAPABILITIES = Capabilities(
    registry=Registry.CREDITO_NA_MEDIDA,
    list_records=True,
    grouping=True,
    removal_key=RemovalKey.ID,
    not_found_is_an_answer=True,
    field_limits=MappingProxyType(
        {"name": FieldLimit(70), "street": FieldLimit(70), "district": FieldLimit(20), "city": FieldLimit(20)}
    ),
)
"""The declared contract's; docs/gateways/credito_na_medida.md gives the reason of each."""

PARAMETERS = (
    ParameterSpec("client_id", "Client ID", help="Usuário da API, fornecido pelo Crédito na Medida."),
    ParameterSpec("client_secret", "Client secret", secret=True, help="Senha da API, fornecida com o Client ID."),
    ParameterSpec(
        "base_url",
        "Endereço da API",
        default="https://api.creditonamedida.invalid",
        help="Endereço base informado pelo Crédito na Medida, com https.",
        advanced=True,
    ),
    ParameterSpec(
        "credenciais",
        "Envio das credenciais",
        default="json",
        choices=("json", "form", "basic"),
        help="Como Client ID e secret são enviados na autenticação: corpo JSON, formulário ou HTTP Basic.",
        advanced=True,
    ),
    ParameterSpec(
        "permitir_pdf_externo",
        "Permitir PDF em outro endereço",
        default="nao",
        choices=("nao", "sim"),
        help="Se o relatório pode ser baixado de um endereço fora da API. A credencial nunca é enviada a ele.",
        advanced=True,
    ),
    ParameterSpec(
        "tempo_limite",
        "Tempo limite por chamada (segundos)",
        required=False,
        help="Tempo total de cada operação, de 1 até o limite do gateway (30). Em branco: o limite.",
        advanced=True,
    ),
    ParameterSpec(
        "conexoes",
        "Conexões simultâneas",
        default="32",
        help="Quantas chamadas podem correr ao mesmo tempo, de 1 a 256.",
        advanced=True,
    ),
)

_MOST_CONNECTIONS = 256
_Understood = TypeVar("_Understood")


@dataclass(frozen=True)
class CreditoNaMedida:
    """The kind of gateway.

    Args:
        capabilities: others than the declared ones, for tests that can't wait for a quiet period of minutes.
        transport: in place of the sockets, for tests (`testing.faults`).
    """

    capabilities: Capabilities = CAPABILITIES
    transport: Transport | None = None
    code: ClassVar[str] = "credito_na_medida"
    name: ClassVar[str] = "Crédito na Medida"
    parameters: ClassVar[Sequence[ParameterSpec]] = PARAMETERS

    def open(self, parameters: Mapping[str, str], environment: Environment) -> CreditoNaMedidaGateway:
        """Make a gateway for one account; no call is made yet.

        Args:
            parameters: checked values, secrets opened.
            environment: there is no test environment: production always.

        Raises:
            InvalidInput: a value can't be used.
        """
        # Here and not above: forms list the kinds without paying for an HTTP library.
        from credit_protection.adapters.http.auth import ClientCredentials, CredentialsForm  # noqa: PLC0415
        from credit_protection.adapters.http.client import HttpClient  # noqa: PLC0415
        from credit_protection.adapters.http.session import BureauSession  # noqa: PLC0415

        del environment
        values = {spec.name: parameters.get(spec.name, "").strip() or spec.default for spec in self.parameters}
        client_id, form = values["client_id"], CredentialsForm(_choice(values, "credenciais"))
        if form is CredentialsForm.BASIC and ":" in client_id:
            raise _invalid("client_id", "não pode conter dois-pontos quando o envio é basic")
        credentials = ClientCredentials(wire.TOKEN_PATH, client_id, values["client_secret"], form)
        client = HttpClient(
            _base_url(values["base_url"]),
            connections=int(_number(values, "conexoes", _MOST_CONNECTIONS)),
            request_id_headers=(wire.PROTOCOL_HEADER, "x-request-id"),
            transport=self.transport,
        )
        longest = self.capabilities.call_deadline.total_seconds()
        call_deadline = _number(values, "tempo_limite", longest) if values["tempo_limite"] else longest
        session = BureauSession(client, credentials, call_deadline)
        return CreditoNaMedidaGateway(session, external_reports=_choice(values, "permitir_pdf_externo") == "sim")


class CreditoNaMedidaGateway:
    """One account. Thread-safe.

    Args:
        session: speaks to the bureau; owned.
        external_reports: whether a report on another origin may be fetched (without the token).
    """

    def __init__(self, session: BureauSession, *, external_reports: bool = False) -> None:
        self._session = session
        self._external_reports = external_reports

    def check(self) -> None:
        """Log in anew, and read something with the token."""
        deadline = self._session.deadline()
        self._session.log_in(deadline)
        self._read(wire.products_call(), wire.products_in, deadline)

    def products(self) -> Sequence[Product]:
        """What the contract allows now."""
        return self._read(wire.products_call(), wire.products_in)

    def natures(self) -> Sequence[InclusionNature]:
        """The natures, with the persons that each is valid for."""
        return self._read(wire.natures_call(), wire.natures_in)

    def reasons(self) -> Sequence[BureauReason]:
        """The removal reasons."""
        return self._read(wire.reasons_call(), wire.reasons_in)

    def query(self, order: QueryOrder) -> CreditReport:
        """Ask once, and pay; the PDF is kept byte for byte.

        Raises:
            OutcomeUnknown: the answer was lost, or the report's address could not be fetched: perhaps paid.
            InvalidReport: what came is not a PDF that opens.
            NoCredit: the account has none.
            Refused: the bureau refuses the query.
        """
        deadline = self._session.deadline()
        call = wire.query_call(order)
        reply = self._session.send(call, deadline)
        if not reply.is_success:
            raise errors.of_query(self._refusal(call, reply))
        try:
            report = wire.report_in(reply)
        except wire.Unreadable as fault:
            message = f"A resposta da consulta não foi entendida ({fault}). Confira no portal se ela foi cobrada."
            evidence = self._session.transcript(call, reply)
            raise errors.bad_report(reply, message, reply.request_id, evidence) from None
        content, media_type = report.content, report.media_type
        if report.url is not None:
            call = wire.report_call(report.url)
            reply = self._fetched(call, report.protocol, deadline)
            content, media_type = reply.content, reply.media_type
        try:
            check_pdf(content, media_type)
        except InvalidReport as fault:
            evidence = self._session.transcript(call, reply)
            raise errors.bad_report(reply, fault.message, report.protocol, evidence) from None
        return DocumentReport(content, PDF, report.protocol)

    def include(self, order: InclusionOrder) -> Receipt:
        """Include one record.

        Returns:
            `Accepted` while it is processed, or where it stands already; `Done` or `Rejected` where the outcome is
            there at once.

        Raises:
            ProtocolError: not understood: the outcome is unknown.
        """
        call = wire.inclusion_call(order)
        reply = self._session.send(call, self._session.deadline())
        if not reply.is_success:
            return errors.of_inclusion(self._refusal(call, reply))
        record = self._understood(call, reply, wire.record_in)
        if not record.is_of(order.document.value, order.reference, order.due_date):
            raise self._not_understood(call, reply, "resposta de outro registro")
        match record.state:
            case RecordState.INCLUDING:
                return Accepted(record.id, reply.request_id)
            case RecordState.PRESENT:
                return Done(ExecutionResult.EXECUTED, record.id, reply.request_id)
            case RecordState.REJECTED:
                return Rejected(wire.Situation.ERROR.value, record.error, request_id=reply.request_id)
            case state:
                raise self._not_understood(call, reply, f"inclusão respondida com {state.value}")

    def remove(self, order: RemovalOrder) -> Receipt:
        """Remove one record, looked up first where the bureau's id is not known.

        Raises:
            InclusionStillProcessing: not executed: the inclusion has no outcome yet.
            ProtocolError: not understood: the outcome is unknown.
        """
        deadline = self._session.deadline()
        record_id = wire.usable_id(order.key.bureau_id)
        if record_id is None:
            found = self._by_natural_key(order.key, deadline)
            if found is None:
                return Done(ExecutionResult.NOT_FOUND)
            record_id = found.id
        call = wire.removal_call(record_id, codes.REASONS[order.reason])
        reply = self._session.send(call, deadline)
        if not reply.is_success:
            receipt = errors.of_removal(self._refusal(call, reply), record_id)
            is_claim = isinstance(receipt, Done) and receipt.how is ExecutionResult.ALREADY_IN_EFFECT
            return self._verified(receipt, record_id, deadline) if is_claim else receipt
        record = self._understood(call, reply, wire.record_in)
        if record.id != record_id:
            raise self._not_understood(call, reply, "resposta de outro registro")
        match record.state:
            case RecordState.REMOVING:
                return Accepted(record.id, reply.request_id)
            case RecordState.GONE:
                return Done(ExecutionResult.EXECUTED, record.id, reply.request_id)
            case RecordState.REMOVAL_REFUSED:
                return Rejected(wire.Situation.ERROR.value, record.error, request_id=reply.request_id)
            case state:
                raise self._not_understood(call, reply, f"remoção respondida com {state.value}")

    def find(self, key: RecordKey) -> LookupResult:
        """Look a record up: by the bureau's id where known, else by document, contract and due date."""
        deadline = self._session.deadline()
        record_id = wire.usable_id(key.bureau_id)
        if record_id is not None:
            return self._by_id(record_id, deadline)
        record = self._by_natural_key(key, deadline)
        return Missing() if record is None else record.found()

    def list_records(self) -> Iterator[ListedRecord]:
        """All records, page by page; each page has a deadline of its own.

        Raises:
            ProtocolError: after all others were given, where the document of some can't be read.
        """
        unreadable: list[str] = []
        for record in self._records(None):
            try:
                listed = record.listed()
            except wire.Unreadable:
                unreadable.append(record.id)
                continue
            yield listed
        if unreadable:
            raise errors.unreadable_records(unreadable)

    def close(self) -> None:
        """Let go of connections."""
        self._session.close()

    def _by_id(self, record_id: str, deadline: Deadline) -> LookupResult:
        call = wire.record_call(record_id)
        reply = self._session.read(call, deadline)
        if not reply.is_success:
            refusal = self._refusal(call, reply)
            if refusal.is_not_found:
                return Missing()
            raise errors.of_reading(refusal)
        record = self._understood(call, reply, wire.record_in)
        if record.id != record_id:
            raise self._not_understood(call, reply, "resposta de outro registro")
        return record.found()

    def _by_natural_key(self, key: RecordKey, deadline: Deadline) -> wire.Record | None:
        """The record of a natural key: of several, one that stands; of several such, the newest."""
        same = [
            record
            for record in self._records(key, deadline)
            if record.is_of(key.document.value, key.reference, key.due_date)
        ]
        return max(same, key=lambda record: (record.stands, record.updated_at), default=None)

    def _records(self, key: RecordKey | None, deadline: Deadline | None = None) -> Iterator[wire.Record]:
        """All records, or those of a document and contract.

        The end is an empty page, or one that is not full and completes the told total: a bureau that gives fewer a page
        than asked for, or tells no total, loses nobody's record.
        """
        number = given = 0
        before: tuple[wire.Record, ...] = ()
        while True:
            call = wire.page_call(number, key)
            page = self._read(call, wire.page_in, deadline)
            if page.records and page.records == before:
                raise errors.endless_pages()
            yield from page.records
            given += len(page.records)
            is_complete = page.total is not None and given >= page.total and len(page.records) < wire.PAGE_SIZE
            if not page.records or is_complete:
                return
            number, before = number + 1, page.records

    def _verified(self, claimed: Receipt, record_id: str, deadline: Deadline) -> Receipt:
        """The bureau says "already removed", which it may also say while a removal is processed: look."""
        try:
            seen = self._by_id(record_id, deadline)
        except BureauError:
            return Accepted(record_id, repeated=True)
        is_over = isinstance(seen, Missing) or seen.state is RecordState.GONE
        return claimed if is_over else Accepted(record_id, repeated=True)

    def _fetched(self, call: HttpCall, protocol: str | None, deadline: Deadline) -> HttpReply:
        """The report behind an address. The query is paid by now: what goes wrong here is an unknown outcome."""
        named = f"protocolo {protocol}" if protocol else "sem protocolo"
        advice = f"A consulta foi feita ({named}) e pode ter sido cobrada: baixe o relatório no portal do birô."
        if not wire.is_usable_url(call.path) or not self._session.keeps_safe(call.path):
            raise OutcomeUnknown(f"O birô deu um endereço de relatório inválido. {advice}", request_id=protocol)
        if not self._session.is_own(call.path) and not self._external_reports:
            raise OutcomeUnknown(
                f"O birô pôs o relatório em outro endereço, e a integração não permite baixá-lo de lá. {advice} "
                "Para as próximas, libere 'Permitir PDF em outro endereço'.",
                code="pdf_externo_bloqueado",
                request_id=protocol,
            )
        try:
            reply = self._session.fetch(call, deadline)
        except BureauError as fault:
            why, evidence = fault.message, fault.context.get("transcript", "")
        else:
            if reply.is_success:
                return reply
            why, evidence = f"HTTP {reply.status}.", self._session.transcript(call, reply)
        raise OutcomeUnknown(
            f"O relatório não pôde ser baixado. {why} {advice}", request_id=protocol, transcript=evidence
        )

    def _read(
        self, call: HttpCall, understand: Callable[[HttpReply], _Understood], deadline: Deadline | None = None
    ) -> _Understood:
        reply = self._session.read(call, deadline or self._session.deadline())
        if not reply.is_success:
            raise errors.of_reading(self._refusal(call, reply))
        return self._understood(call, reply, understand)

    def _understood(
        self, call: HttpCall, reply: HttpReply, understand: Callable[[HttpReply], _Understood]
    ) -> _Understood:
        try:
            return understand(reply)
        except wire.Unreadable as fault:
            where = str(fault)
        raise self._not_understood(call, reply, where)

    def _not_understood(self, call: HttpCall, reply: HttpReply, where: str) -> BureauError:
        return errors.not_understood(reply, where, self._session.transcript(call, reply))

    def _refusal(self, call: HttpCall, reply: HttpReply) -> errors.Refusal:
        return errors.Refusal(reply, self._session.transcript(call, reply))


def _base_url(text: str) -> str:
    """The base address, without its last slash. Plain http would show the secret: only to this very machine."""
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    if parts.scheme not in {"http", "https"} or not parts.hostname or port == 0 or parts.query or parts.fragment:
        raise _invalid("base_url", "deve ser um endereço como https://api.exemplo.com.br")
    if "@" in parts.netloc or not text.isascii() or not text.isprintable() or " " in text:
        raise _invalid("base_url", "não pode conter usuário, senha, espaços ou acentos")
    if parts.scheme == "http" and not _is_loopback(parts.hostname):
        raise _invalid("base_url", "deve usar https; http só é aceito para esta própria máquina (127.0.0.1)")
    return text.rstrip("/")


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _choice(values: Mapping[str, str], name: str) -> str:
    choices = next(spec.choices for spec in PARAMETERS if spec.name == name)
    if values[name] not in choices:
        raise _invalid(name, f"deve ser um destes: {', '.join(choices)}")
    return values[name]


def _number(values: Mapping[str, str], name: str, most: float) -> float:
    """A number of the parameters; where the limit itself is below 1 (in tests), the limit is what is taken at most."""
    try:
        number = float(values[name].replace(",", "."))
    except ValueError:
        number = math.nan
    if not min(1.0, most) <= number <= most:
        raise _invalid(name, f"deve ser um número de 1 a {most:g}")
    return number


def _invalid(name: str, why: str) -> InvalidInput:
    label = next(spec.label for spec in PARAMETERS if spec.name == name)
    return InvalidInput(f"{label} ({name}) {why}.", field=name, code="parametro_invalido")
