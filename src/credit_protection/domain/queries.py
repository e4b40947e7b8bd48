"""Credit queries: one paid question about one document, its answer kept as received.

A query costs money, so the software never repeats one. An answer lost after the request went out stays "resultado
desconhecido, custo possível" until a person decides.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections import deque
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import islice

from credit_protection.domain.documents import Document, parse_document
from credit_protection.domain.errors import BureauError, Conflict, InvalidInput, InvalidReport, RuleViolation
from credit_protection.domain.findings import Finding, Severity
from credit_protection.domain.instants import is_over
from credit_protection.domain.integrations import ReuseMode, ReuseWindow
from credit_protection.domain.money import Money

PDF = "application/pdf"
HTML = "text/html"
PDF_HEADER = b"%PDF-"
_PDF_HEAD = 1024
_PDF_TAIL = 2048
_MOST_PARTS = 20_000
_MOST_SHOWN = 3
_LONGEST_DOCUMENT = 24


LOST_AFTER = timedelta(minutes=10)
"""The process of a query that has no outcome after this long has died."""


class Purpose(StrEnum):
    """The legal basis of a query (LGPD art. 7 X: credit protection)."""

    CREDIT_GRANTING = "credit_granting"
    COLLECTION = "collection"
    REGISTRATION_UPDATE = "registration_update"


class QueryStatus(StrEnum):
    """The status of a query."""

    SENT = "sent"
    """The request may have gone out and no answer is stored: if its process died, the outcome is unknown."""
    ANSWERED = "answered"
    FAILED = "failed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class DocumentReport:
    """A ready-made report, byte for byte as received.

    Args:
        media_type: `application/pdf` or `text/html`.
        notice: what a person must know before relying on it, in Portuguese sentences; it is kept with the query.
    """

    content: bytes
    media_type: str
    protocol: str | None = None
    notice: str = field(default="", compare=False)

    @property
    def size(self) -> int:
        """In bytes."""
        return len(self.content)

    @property
    def sha256(self) -> str:
        """Of the bytes, hexadecimal."""
        return hashlib.sha256(self.content).hexdigest()


@dataclass(frozen=True, slots=True)
class StructuredReport:
    """An answer made of data: a tree of text, numbers, lists and mappings, as the bureau gave it; `notice` likewise."""

    data: Mapping[str, object]
    protocol: str | None = None
    score: int | None = None
    notice: str = field(default="", compare=False)


CreditReport = DocumentReport | StructuredReport


@dataclass(frozen=True, slots=True)
class UncheckedAnswer:
    """What a bureau answered to a paid query, and failed our checks: for download only, never shown as a report.

    Args:
        content: the bytes as they came.
        declared_type: what the bureau called them; empty where it did not.
        reason: why they are no report, one Portuguese sentence or more.
    """

    content: bytes = field(repr=False)
    declared_type: str
    reason: str

    @property
    def suffix(self) -> str:
        """`.pdf` where they begin as a PDF, else `.bin`: no program opens it as a page."""
        return ".pdf" if has_pdf_header(self.content) else ".bin"


@dataclass(frozen=True, slots=True)
class CreditQuery:
    """A credit query (consulta de crédito); `media_type`, `size` (bytes) and `sha256` are of the stored answer.

    A query that brought no report may have one too: what came, kept as evidence (`has_unchecked_answer`). The
    `error_message` of an answered query is a notice about its report.
    """

    id: str
    integration_id: str
    creditor_id: str
    product_code: str
    document: Document
    customer_id: str | None
    purpose: Purpose
    actor_id: str
    asked_at: datetime
    inputs: Mapping[str, str] = field(default_factory=dict)
    status: QueryStatus = QueryStatus.SENT
    cost: Money | None = None
    answered_at: datetime | None = None
    protocol: str | None = None
    error_code: str = ""
    error_message: str = ""
    media_type: str = ""
    size: int = 0
    sha256: str = ""

    @property
    def has_unchecked_answer(self) -> bool:
        """Whether it brought no report, and the bytes that came are kept."""
        return self.status is not QueryStatus.ANSWERED and self.size > 0


def answered(query: CreditQuery, report: CreditReport, now: datetime) -> CreditQuery:
    """The query with its answer's particulars, and with a notice where the answer is about another person.

    Raises:
        Conflict: it has an outcome already.
    """
    _require_open(query)
    notice = report.notice
    if isinstance(report, StructuredReport):
        notice = " ".join(filter(None, (notice, subject_notice(query.document, documents_in(report.data)))))
    code = "resposta_com_aviso" if notice else ""
    done = replace(
        query,
        status=QueryStatus.ANSWERED,
        answered_at=now,
        protocol=report.protocol,
        error_code=code,
        error_message=notice,
    )
    if isinstance(report, DocumentReport):
        return replace(done, media_type=report.media_type, size=report.size, sha256=report.sha256)
    return replace(done, media_type="application/json")


def documents_in(data: object) -> frozenset[Document]:
    """The documents that stand alone in a text of a tree of data; of a very large tree, those at its beginning."""
    found: set[Document] = set()
    waiting: deque[object] = deque([data])
    for _ in range(_MOST_PARTS):
        if not waiting:
            break
        match waiting.popleft():
            case str() as text if len(text) <= _LONGEST_DOCUMENT:
                with contextlib.suppress(InvalidInput):
                    found.add(parse_document(text))
            case Mapping() as mapping:
                waiting.extend(islice(mapping.values(), _MOST_PARTS))
            case list() | tuple() as items:
                waiting.extend(items[:_MOST_PARTS])
            case _:
                pass
    return frozenset(found)


def subject_notice(asked: Document, named: AbstractSet[Document]) -> str:
    """The notice of a report that names documents, and not the one that was asked about; else an empty text."""
    if not named or asked in named:
        return ""
    shown = ", ".join(sorted(document.masked for document in named)[:_MOST_SHOWN])
    return (
        f"A resposta traz outro documento ({shown}), e não o da consulta ({asked.masked}). Não a use antes de conferir "
        "no portal do birô de quem ela é."
    )


def failed(query: CreditQuery, error: BureauError, now: datetime) -> CreditQuery:
    """The query that brought no report.

    Raises:
        Conflict: it has an outcome already.
    """
    _require_open(query)
    unknown = error.may_have_executed
    kept = kept_answer(error)
    if kept is not None:
        query = replace(query, media_type=kept.media_type, size=kept.size, sha256=kept.sha256)
    return replace(
        query,
        status=QueryStatus.UNKNOWN if unknown else QueryStatus.FAILED,
        cost=query.cost if unknown else None,
        answered_at=now,
        protocol=error.request_id,
        error_code=error.code,
        error_message=error.message,
    )


def kept_answer(error: BureauError) -> DocumentReport | None:
    """The bytes that came with an error, to be kept: they may have been paid for."""
    if error.answer is None or not error.answer.content:
        return None
    return DocumentReport(error.answer.content, error.answer.media_type, error.request_id)


def require_checked(query: CreditQuery) -> None:
    """Require that its stored answer passed the checks.

    Raises:
        Conflict: it did not; a person may open it "assim mesmo".
    """
    if query.has_unchecked_answer:
        raise Conflict(
            f"A resposta desta consulta não passou na conferência: {query.error_message} Para baixá-la assim mesmo: "
            f"credit-protection queries open {query.id} --anyway",
            code="resposta_nao_conferida",
        )


def unchecked_answer(query: CreditQuery, stored: CreditReport) -> UncheckedAnswer:
    """The stored answer that failed the checks.

    Raises:
        Conflict: it passed them.
    """
    if not query.has_unchecked_answer or not isinstance(stored, DocumentReport):
        raise Conflict(
            "A resposta desta consulta passou na conferência. Abra-a como sempre.", code="resposta_conferida"
        )
    return UncheckedAnswer(stored.content, stored.media_type, query.error_message)


def _require_open(query: CreditQuery) -> None:
    if query.status is not QueryStatus.SENT:
        raise Conflict("Esta consulta já tem resultado. Abra-a no histórico.", code="consulta_encerrada")


def mark_lost(query: CreditQuery, now: datetime) -> CreditQuery:
    """A query whose process died before its answer was stored: outcome unknown, perhaps paid.

    Raises:
        Conflict: it has an outcome already.
    """
    _require_open(query)
    return replace(
        query,
        status=QueryStatus.UNKNOWN,
        answered_at=now,
        error_code="resultado_desconhecido",
        error_message="A resposta se perdeu: resultado desconhecido, custo possível. Confira no portal do birô.",
    )


def check_running(running: CreditQuery | None) -> Finding | None:
    """Check that no query about the same document and product has yet to be answered: it is being paid for."""
    if running is None:
        return None
    message = (
        f"Uma consulta deste documento e produto está em andamento ({running.id}). Espere a resposta dela e abra-a: "
        f"credit-protection queries show {running.id}"
    )
    return Finding("consulta_em_andamento", Severity.BLOCK, message, "document")


def is_lost(query: CreditQuery, now: datetime) -> bool:
    """Whether a query that has no outcome was asked so long ago, or so far ahead, that its process must have died."""
    return abs(now - query.asked_at) >= LOST_AFTER


def not_stored(query: CreditQuery, report: CreditReport, now: datetime) -> CreditQuery:
    """A query whose answer came and could not be stored: paid, perhaps, and unknown to this program.

    Raises:
        Conflict: it has an outcome already.
    """
    _require_open(query)
    return replace(
        query,
        status=QueryStatus.UNKNOWN,
        answered_at=now,
        protocol=report.protocol,
        error_code="resposta_nao_guardada",
        error_message="A resposta veio e não pôde ser guardada (disco ou banco): custo possível. Baixe-a no portal do "
        "birô, ou use o arquivo que foi gravado quando ela veio.",
    )


def check_reuse_window(earlier: CreditQuery | None, window: ReuseWindow, now: datetime) -> Finding | None:
    """Check the integration's reuse window before a new payment.

    `earlier` is the newest answered query about the same document and product; the finding offers its answer.
    """
    if earlier is None or window.days <= 0 or window.mode is ReuseMode.ALLOW or earlier.answered_at is None:
        return None
    if is_over(earlier.answered_at, now, timedelta(days=window.days)):
        return None
    severity = Severity.BLOCK if window.mode is ReuseMode.BLOCK else Severity.WARN
    message = (
        f"Há uma consulta deste documento e produto feita há menos de {window.days} dia(s) ({earlier.id}). "
        "Abra a resposta guardada em vez de pagar de novo."
    )
    return Finding("consulta_recente", severity, message, "document")


def require_allowed(finding: Finding | None, *, force: bool) -> None:
    """Require that the query may be made: nothing found, or only a warning that a person overrides.

    Raises:
        RuleViolation: with the finding.
    """
    if finding is None or (force and finding.severity is Severity.WARN):
        return
    raise RuleViolation(finding.message, [finding], code=finding.code)


def has_pdf_header(content: bytes) -> bool:
    """Whether bytes begin as a PDF: its header is within the first 1,024, perhaps behind a line break or noise."""
    return PDF_HEADER in content[:_PDF_HEAD]


def check_document_bytes(content: bytes, media_type: str, expected: str) -> None:
    """Check that bytes look like the media type that the gateway promised; a gateway parses them besides.

    Raises:
        InvalidReport: empty, another kind, or cut.
    """
    if not content:
        raise InvalidReport("O birô respondeu com um arquivo vazio. Confira no portal se a consulta foi cobrada.")
    declared = media_type.partition(";")[0].strip().lower()
    if declared != expected:
        raise InvalidReport(
            f"O birô respondeu {declared or 'sem tipo'} em vez de {expected}. Confira no portal se a consulta foi "
            "cobrada."
        )
    if expected == PDF and not has_pdf_header(content):
        raise InvalidReport("O birô respondeu algo que não é um PDF. Confira no portal se a consulta foi cobrada.")
    if expected == PDF and b"%%EOF" not in content[-_PDF_TAIL:]:
        raise InvalidReport("O PDF do birô chegou cortado. Confira no portal se a consulta foi cobrada.")


class ExportFormat(StrEnum):
    """What an answer can be exported to."""

    PDF = "pdf"
    XLSX = "xlsx"


def require_exportable(query: CreditQuery, export: ExportFormat) -> None:
    """Require that the stored answer can be exported to a format.

    Raises:
        Conflict: there is no stored answer.
        InvalidInput: a ready-made document can't become a spreadsheet.
    """
    if query.status is not QueryStatus.ANSWERED:
        raise Conflict("Esta consulta não tem resposta guardada para exportar.", code="consulta_sem_resposta")
    if export is ExportFormat.XLSX and query.media_type in {PDF, HTML}:
        raise InvalidInput(
            "O birô entrega este relatório pronto, em PDF, e ele é guardado como veio: não há dados para uma "
            "planilha. Exporte em PDF.",
            field="format",
            code="exportacao_sem_dados",
        )
