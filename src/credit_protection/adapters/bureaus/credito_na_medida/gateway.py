"""Crédito na Medida: the gateway to one account."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, TypeVar

from credit_protection.adapters.bureaus.credito_na_medida import codes, errors
from credit_protection.adapters.bureaus.credito_na_medida.wire import answers, requests
from credit_protection.adapters.bureaus.json_answers import Unreadable
from credit_protection.adapters.bureaus.pdf_reports import MORE_BYTES, check_pdf, named_documents, trailing_notice
from credit_protection.domain.bureau_answers import (
    Accepted,
    Done,
    ExecutionResult,
    RecordNotFound,
    RecordState,
    is_another_person,
    is_another_record,
)
from credit_protection.domain.errors import (
    BureauError,
    InvalidReport,
    NoCredit,
    OutcomeUnknown,
    ProtocolError,
    ReceivedAnswer,
    Refused,
)
from credit_protection.domain.queries import PDF, DocumentReport, subject_notice
from credit_protection.ports.bureau import BureauGateway

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from credit_protection.adapters.http import BureauSession, Deadline, HttpCall, HttpReply
    from credit_protection.domain.bureau_answers import LookupResult, Receipt, RecordFound, RecordKey
    from credit_protection.domain.natures import InclusionNature
    from credit_protection.domain.products import Product
    from credit_protection.domain.queries import CreditReport
    from credit_protection.domain.reasons import BureauReason
    from credit_protection.domain.requests import InclusionOrder
    from credit_protection.ports.bureau import ListedRecord, QueryOrder, RemovalOrder

_Answer = TypeVar("_Answer")
_MOST_PAGES = 4_000
_MOST_RECORDS = _MOST_PAGES * requests.PAGE_SIZE
"""Of one account; a list with more does not end."""


class CreditoNaMedidaGateway(BureauGateway):
    """One account, whose session it owns. Thread-safe.

    With `external_reports`, a report may be downloaded from another origin (without the token).
    """

    def __init__(self, session: BureauSession, *, external_reports: bool = False) -> None:
        self._session = session
        self._external_reports = external_reports

    def check(self) -> None:
        """Log in, and read the products with the token."""
        deadline = self._session.deadline()
        self._session.log_in(deadline)
        self._get(requests.PRODUCTS, answers.parse_products, deadline)

    def products(self) -> Sequence[Product]:
        """The products of the account."""
        return self._get(requests.PRODUCTS, answers.parse_products)

    def natures(self) -> Sequence[InclusionNature]:
        """The inclusion natures, with the person types of each."""
        return self._get(requests.NATURES, answers.parse_natures)

    def reasons(self) -> Sequence[BureauReason]:
        """The removal reasons."""
        return self._get(requests.REASONS, answers.parse_reasons)

    def query(self, order: QueryOrder) -> CreditReport:
        """Send one paid query, never repeated; the PDF is kept byte for byte.

        Where the report can't be downloaded, `OutcomeUnknown`: the query may have been charged.
        """
        deadline = self._session.deadline()
        call = requests.query_call(order)
        reply = self._session.send(call, deadline)
        if not reply.is_success:
            error = errors.read_error(self._refusal(call, reply), errors.REFUSAL_STATUSES | {HTTPStatus.CONFLICT})
            error.answer = None if isinstance(error, NoCredit | Refused) else _received(reply)
            raise error
        paid = reply
        try:
            report = answers.parse_report(reply)
        except Unreadable as fault:
            message = f"A resposta da consulta não foi entendida ({fault}). Confira no portal se ela foi cobrada."
            raise self._invalid_report(call, reply, message, reply.request_id) from None
        if report.document is not None and report.document != order.document:
            message = f"{subject_notice(order.document, {report.document})} A consulta pode ter sido cobrada."
            raise self._invalid_report(call, reply, message, report.protocol)
        content, media_type = report.content, report.media_type
        if report.url is not None:
            call = requests.report_call(answers.usable_url(report.url) or "")
            try:
                reply = self._download(call, report.protocol, deadline)
            except OutcomeUnknown as error:
                error.answer = error.answer or _received(paid)
                raise
            content, media_type = answers.report_bytes(reply), reply.media_type
        try:
            check_pdf(content, media_type)
        except InvalidReport as fault:
            raise self._invalid_report(call, reply, fault.message, report.protocol) from None
        notices = [
            MORE_BYTES if paid.has_more or reply.has_more else trailing_notice(content),
            subject_notice(order.document, named_documents(content)),
        ]
        return DocumentReport(content, PDF, report.protocol, " ".join(filter(None, notices)))

    def include(self, order: InclusionOrder) -> Receipt:
        """Include one record: `Accepted` while it is processed or if it was on file, else `Done` or `Rejected`."""
        call = requests.inclusion_call(order)
        reply = self._session.send(call, self._session.deadline())
        if not reply.is_success:
            return errors.inclusion_receipt(self._refusal(call, reply))
        record = self._parse(call, reply, answers.parse_record)
        if not record.is_of(order.document.value, order.reference, order.due_date):
            raise self._unreadable(call, reply, "resposta de outro registro")
        match record.state:
            case RecordState.INCLUDING | RecordState.PRESENT | RecordState.REJECTED:
                return record.receipt(reply.request_id)
            case state:
                raise self._unreadable(call, reply, f"inclusão respondida com {state.value}")

    def remove(self, order: RemovalOrder) -> Receipt:
        """Remove one record; look it up first where the bureau's id is unknown."""
        deadline = self._session.deadline()
        record_id = answers.usable_id(order.key.bureau_id)
        if record_id is None:
            found = self._by_natural_key(order.key, deadline)
            if found is None:
                return Done(ExecutionResult.NOT_FOUND)
            record_id = found.id
        call = requests.removal_call(record_id, order.reason_code or codes.REASON_HINTS[order.reason])
        reply = self._session.send(call, deadline)
        if not reply.is_success:
            receipt = errors.removal_receipt(self._refusal(call, reply), record_id)
            is_already_removed = isinstance(receipt, Done) and receipt.result is ExecutionResult.ALREADY_IN_EFFECT
            return self._verified(receipt, record_id, order.key, deadline) if is_already_removed else receipt
        record = self._parse(call, reply, answers.parse_record)
        if record.id != record_id or _is_another(record.found(), order.key):
            raise self._unreadable(call, reply, "resposta de outro registro")
        match record.state:
            case RecordState.REMOVING | RecordState.GONE | RecordState.REMOVAL_REFUSED:
                return record.receipt(reply.request_id)
            case state:
                raise self._unreadable(call, reply, f"remoção respondida com {state.value}")

    def find(self, key: RecordKey) -> LookupResult:
        """Look a record up by the bureau's id if known, else by document, contract and due date."""
        deadline = self._session.deadline()
        record_id = answers.usable_id(key.bureau_id)
        if record_id is not None:
            return self._by_id(record_id, deadline)
        record = self._by_natural_key(key, deadline)
        return RecordNotFound() if record is None else record.found()

    def list_records(self) -> Iterator[ListedRecord]:
        """All records, page by page, each with its own deadline; at the end, `ProtocolError` if some can't be read."""
        unreadable: list[str] = []
        for record in self._records(None):
            try:
                listed = record.listed()
            except Unreadable:
                unreadable.append(record.id)
                continue
            yield listed
        if unreadable:
            raise errors.unreadable_records(unreadable)

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def _by_id(self, record_id: str, deadline: Deadline) -> LookupResult:
        call = requests.record_call(record_id)
        reply = self._session.read(call, deadline)
        if not reply.is_success:
            refusal = self._refusal(call, reply)
            if refusal.is_not_found:
                return RecordNotFound()
            raise errors.read_error(refusal)
        record = self._parse(call, reply, answers.parse_record)
        if record.id != record_id:
            raise self._unreadable(call, reply, "resposta de outro registro")
        return record.found()

    def _by_natural_key(self, key: RecordKey, deadline: Deadline) -> answers.Record | None:
        """The record of a natural key: of several, an active one; of several active ones, the newest."""
        same = []
        for record in self._records(key, deadline):
            if is_another_person(record.found(), key.document):  # then this is no answer to what was asked
                raise ProtocolError(
                    "O birô respondeu com o registro de outra pessoa. Nada foi concluído dessa resposta. Avise o "
                    "suporte do birô."
                )
            if (record.reference, record.due_date) == (key.reference, key.due_date):
                same.append(record)
        return max(same, key=lambda record: (record.is_active, record.updated_at), default=None)

    def _records(self, key: RecordKey | None, deadline: Deadline | None = None) -> Iterator[answers.Record]:
        """All records, or those of a document and contract.

        The list ends with an empty page, or with one that is not full and completes the total. So no record is missed
        where the bureau sends smaller pages than requested, or no total.
        """
        number = count = 0
        seen: set[int] = set()
        while True:
            call = requests.page_call(number, key)
            page = self._get(call, answers.parse_page, deadline)
            ids = hash(tuple(record.id for record in page.records))
            if page.records and ids in seen:
                raise ProtocolError("O birô repete uma página da lista de negativações. Avise o suporte do birô.")
            if number >= _MOST_PAGES or (number and (page.total or 0) > _MOST_RECORDS):
                raise ProtocolError(
                    "A lista de negativações do birô não termina: tem mais páginas do que pode haver. Avise o suporte "
                    "do birô.",
                    code="lista_sem_fim",
                )
            seen.add(ids)
            yield from page.records
            count += len(page.records)
            is_complete = page.total is not None and count >= page.total and len(page.records) < requests.PAGE_SIZE
            if not page.records and page.total is not None and count < page.total:
                raise ProtocolError(
                    f"O birô disse que tem {page.total} registros e mandou {count}. Nada foi concluído dos que faltam. "
                    "Tente de novo e, se continuar, avise o suporte do birô.",
                    code="lista_incompleta",
                )
            if not page.records or is_complete:
                return
            number += 1

    def _verified(self, receipt: Receipt, record_id: str, key: RecordKey, deadline: Deadline) -> Receipt:
        """Check "already removed" by a lookup: the bureau may also answer so while the removal is processed."""
        try:
            result = self._by_id(record_id, deadline)
        except BureauError:
            return Accepted(record_id, repeated=True)
        if isinstance(result, RecordNotFound):
            return receipt
        is_over = result.state is RecordState.GONE and not _is_another(result, key)
        return receipt if is_over else Accepted(record_id, repeated=True)

    def _download(self, call: HttpCall, protocol: str | None, deadline: Deadline) -> HttpReply:
        """Download a report. The query has been charged by now, so a failure is `OutcomeUnknown`."""
        named = f"protocolo {protocol}" if protocol else "sem protocolo"
        advice = f"A consulta foi feita ({named}) e pode ter sido cobrada: baixe o relatório no portal do birô."
        if not call.path or not self._session.is_as_secure(call.path):
            raise OutcomeUnknown(f"O birô deu um endereço de relatório inválido. {advice}", request_id=protocol)
        if not self._session.is_same_origin(call.path) and not self._external_reports:
            raise OutcomeUnknown(
                f"O birô pôs o relatório em outro endereço, e a integração não permite baixá-lo de lá. {advice} "
                "Para as próximas, libere 'Permitir PDF em outro endereço'.",
                code="pdf_externo_bloqueado",
                request_id=protocol,
            )
        try:
            reply = self._session.fetch(call, deadline)
        except BureauError as fault:
            problem, evidence = fault.message, fault.context.get("transcript", "")
        else:
            if reply.is_success:
                return reply
            problem, evidence = f"HTTP {reply.status}.", self._session.transcript(call, reply)
        raise OutcomeUnknown(
            f"O relatório não pôde ser baixado. {problem} {advice}", request_id=protocol, transcript=evidence
        )

    def _get(self, call: HttpCall, parse: Callable[[HttpReply], _Answer], deadline: Deadline | None = None) -> _Answer:
        reply = self._session.read(call, deadline or self._session.deadline())
        if not reply.is_success:
            raise errors.read_error(self._refusal(call, reply))
        return self._parse(call, reply, parse)

    def _parse(self, call: HttpCall, reply: HttpReply, parse: Callable[[HttpReply], _Answer]) -> _Answer:
        try:
            return parse(reply)
        except Unreadable as fault:
            where = str(fault)
        raise self._unreadable(call, reply, where)

    def _unreadable(self, call: HttpCall, reply: HttpReply, where: str) -> BureauError:
        return errors.unreadable_answer(reply, where, self._session.transcript(call, reply))

    def _invalid_report(self, call: HttpCall, reply: HttpReply, message: str, protocol: str | None) -> InvalidReport:
        evidence = self._session.transcript(call, reply)
        return InvalidReport(
            message, request_id=protocol, http_status=reply.status, answer=_received(reply), transcript=evidence
        )

    def _refusal(self, call: HttpCall, reply: HttpReply) -> errors.Refusal:
        return errors.Refusal(reply, self._session.transcript(call, reply))


def _received(reply: HttpReply) -> ReceivedAnswer:
    return ReceivedAnswer(reply.content, reply.media_type)


def _is_another(found: RecordFound, key: RecordKey) -> bool:
    return is_another_record(found, key.document, key.reference, key.due_date)
