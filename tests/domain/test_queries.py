"""Credit queries: never repeated by the software, their answer kept as received."""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit_protection.domain.documents import Cpf
from credit_protection.domain.errors import (
    BureauUnavailable,
    Conflict,
    InvalidInput,
    InvalidReport,
    NoCredit,
    OutcomeUnknown,
    RuleViolation,
)
from credit_protection.domain.findings import Finding, Severity
from credit_protection.domain.integrations import ReuseMode, ReuseWindow
from credit_protection.domain.money import Money
from credit_protection.domain.queries import (
    HTML,
    PDF,
    CreditQuery,
    DocumentReport,
    ExportFormat,
    Purpose,
    QueryStatus,
    StructuredReport,
    answered,
    check_document_bytes,
    check_reuse_window,
    failed,
    mark_lost,
    require_allowed,
    require_exportable,
)
from credit_protection.testing.strategies import NOW
from tests.domain.message_checks import assert_says_what_to_do

LATER = NOW + timedelta(seconds=4)
REPORT = b"%PDF-1.7 ... %%EOF\n"
SENT = CreditQuery(
    id="q1",
    integration_id="i1",
    creditor_id="cr1",
    product_code="10",
    document=Cpf("90010020055"),
    customer_id="c1",
    purpose=Purpose.CREDIT_GRANTING,
    actor_id="u1",
    asked_at=NOW,
    cost=Money(4_90),
)


# ------------------------------------------------------------------------------------------------ outcomes


def test_document_answer_records_type_size_and_hash() -> None:
    report = DocumentReport(REPORT, PDF, "prot-1")

    assert answered(SENT, report, LATER) == replace(
        SENT,
        status=QueryStatus.ANSWERED,
        answered_at=LATER,
        protocol="prot-1",
        media_type="application/pdf",
        size=len(REPORT),
        sha256=hashlib.sha256(REPORT).hexdigest(),
    )


def test_structured_answer_is_data() -> None:
    report = StructuredReport({"score": 700}, "prot-2", 700)

    assert answered(SENT, report, LATER) == replace(
        SENT, status=QueryStatus.ANSWERED, answered_at=LATER, protocol="prot-2", media_type="application/json"
    )


def test_query_that_was_not_executed_failed_and_cost_nothing() -> None:
    error = NoCredit("A conta no birô está sem crédito. Recarregue.", request_id="req-1")

    assert failed(SENT, error, LATER) == replace(
        SENT,
        status=QueryStatus.FAILED,
        cost=None,
        answered_at=LATER,
        protocol="req-1",
        error_code="sem_credito",
        error_message="A conta no birô está sem crédito. Recarregue.",
    )


def test_lost_answer_is_unknown_and_may_have_cost_money() -> None:
    error = OutcomeUnknown("A resposta se perdeu. Confira no portal.")

    assert failed(SENT, error, LATER) == replace(
        SENT,
        status=QueryStatus.UNKNOWN,
        cost=Money(4_90),
        answered_at=LATER,
        protocol=None,
        error_code="resultado_desconhecido",
        error_message="A resposta se perdeu. Confira no portal.",
    )


def test_query_of_a_dead_process_is_marked_lost() -> None:
    assert mark_lost(SENT, LATER) == replace(
        SENT,
        status=QueryStatus.UNKNOWN,
        answered_at=LATER,
        error_code="resultado_desconhecido",
        error_message="A resposta se perdeu: resultado desconhecido, custo possível. Confira no portal do birô.",
    )
    assert_says_what_to_do(mark_lost(SENT, LATER).error_message)


OUTCOMES: list[Callable[[CreditQuery], CreditQuery]] = [
    lambda query: answered(query, DocumentReport(REPORT, PDF), LATER),
    lambda query: failed(query, BureauUnavailable("Tente de novo."), LATER),
    lambda query: failed(query, OutcomeUnknown("Confira."), LATER),
]


@pytest.mark.parametrize("first", OUTCOMES)
@pytest.mark.parametrize("second", OUTCOMES)
def test_query_has_one_outcome(
    first: Callable[[CreditQuery], CreditQuery], second: Callable[[CreditQuery], CreditQuery]
) -> None:
    with pytest.raises(Conflict) as caught:
        second(first(SENT))

    assert caught.value.code == "consulta_encerrada"
    assert caught.value.message == "Esta consulta já tem resultado. Abra-a no histórico."


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_query_with_an_outcome_is_never_marked_lost(outcome: Callable[[CreditQuery], CreditQuery]) -> None:
    with pytest.raises(Conflict):
        mark_lost(outcome(SENT), LATER)


@given(st.binary(), st.sampled_from([PDF, HTML]))
def test_report_is_stored_byte_for_byte(content: bytes, media_type: str) -> None:
    report = DocumentReport(content, media_type)

    assert report.content == content
    assert report.size == len(content)
    assert report.sha256 == hashlib.sha256(content).hexdigest()


# ------------------------------------------------------------------------------------------------ reuse window

EARLIER = answered(SENT, DocumentReport(REPORT, PDF), NOW)
WEEK = ReuseWindow(7, ReuseMode.WARN)


def test_recent_answer_is_offered_instead_of_a_new_payment() -> None:
    message = (
        "Há uma consulta deste documento e produto feita há menos de 7 dia(s) (q1). "
        "Abra a resposta guardada em vez de pagar de novo."
    )

    assert check_reuse_window(EARLIER, WEEK, LATER) == Finding("consulta_recente", Severity.WARN, message, "document")
    blocking = check_reuse_window(EARLIER, replace(WEEK, mode=ReuseMode.BLOCK), LATER)
    assert blocking == Finding("consulta_recente", Severity.BLOCK, message, "document")
    assert_says_what_to_do(message)


@pytest.mark.parametrize(
    ("earlier", "window"),
    [
        (None, WEEK),
        (EARLIER, replace(WEEK, mode=ReuseMode.ALLOW)),
        (EARLIER, replace(WEEK, days=0)),
        (EARLIER, ReuseWindow()),
        (SENT, WEEK),
    ],
)
def test_no_answer_or_no_window_gives_no_finding(earlier: CreditQuery | None, window: ReuseWindow) -> None:
    assert check_reuse_window(earlier, window, LATER) is None


def test_reuse_window_ends_to_the_instant() -> None:
    end = NOW + timedelta(days=7)

    assert check_reuse_window(EARLIER, WEEK, end - timedelta(microseconds=1)) is not None
    assert check_reuse_window(EARLIER, WEEK, end) is None
    assert check_reuse_window(EARLIER, ReuseWindow(1), NOW + timedelta(hours=23)) is not None


def test_person_may_override_a_warning_but_not_a_block() -> None:
    warning = check_reuse_window(EARLIER, WEEK, LATER)
    block = check_reuse_window(EARLIER, replace(WEEK, mode=ReuseMode.BLOCK), LATER)
    assert warning is not None
    assert block is not None

    require_allowed(None, force=False)
    require_allowed(warning, force=True)
    for finding, force in ((warning, False), (block, False), (block, True)):
        with pytest.raises(RuleViolation) as caught:
            require_allowed(finding, force=force)
        assert caught.value.findings == (finding,)
        assert caught.value.code == "consulta_recente"
        assert caught.value.message == finding.message


@given(st.integers(-5, 60), st.integers(0, 60 * 24 * 60), st.sampled_from(ReuseMode))
def test_reuse_finding_follows_the_settings(days: int, minutes: int, mode: ReuseMode) -> None:
    found = check_reuse_window(EARLIER, ReuseWindow(days, mode), NOW + timedelta(minutes=minutes))
    assert (found is not None) is (mode is not ReuseMode.ALLOW and 0 <= minutes < days * 24 * 60)


# ------------------------------------------------------------------------------------------------ what a bureau sends


@pytest.mark.parametrize(
    ("content", "media_type", "expected"),
    [
        (REPORT, PDF, PDF),
        (REPORT, "application/pdf; charset=binary", PDF),
        (REPORT, " Application/PDF ", PDF),
        (b"\r\n" + REPORT, PDF, PDF),
        (b" " * 1019 + REPORT, PDF, PDF),
        (b"%PDF-1.4%%EOF" + b"\n" * 2043, PDF, PDF),
        (b"<html>", HTML, HTML),
        (b"<html>", "text/html;charset=utf-8", HTML),
        (b"%PDF-", HTML, HTML),
    ],
)
def test_promised_report_is_accepted(content: bytes, media_type: str, expected: str) -> None:
    check_document_bytes(content, media_type, expected)


@pytest.mark.parametrize(
    ("content", "media_type", "expected", "message"),
    [
        (b"", PDF, PDF, "O birô respondeu com um arquivo vazio. Confira no portal se a consulta foi cobrada."),
        (
            b"<html>",
            PDF,
            PDF,
            "O birô respondeu algo que não é um PDF. Confira no portal se a consulta foi cobrada.",
        ),
        (
            b" " * 1020 + b"%PDF-1.7 %%EOF",
            PDF,
            PDF,
            "O birô respondeu algo que não é um PDF. Confira no portal se a consulta foi cobrada.",
        ),
        (
            REPORT,
            "text/html",
            PDF,
            "O birô respondeu text/html em vez de application/pdf. Confira no portal se a consulta foi cobrada.",
        ),
        (
            REPORT,
            "",
            PDF,
            "O birô respondeu sem tipo em vez de application/pdf. Confira no portal se a consulta foi cobrada.",
        ),
        (
            b"<html>",
            PDF,
            HTML,
            "O birô respondeu application/pdf em vez de text/html. Confira no portal se a consulta foi cobrada.",
        ),
        (
            b"%PDF-1.7 cut",
            PDF,
            PDF,
            "O PDF do birô chegou cortado. Confira no portal se a consulta foi cobrada.",
        ),
        (
            b"%PDF-1.4%%EOF" + b"\n" * 2044,
            PDF,
            PDF,
            "O PDF do birô chegou cortado. Confira no portal se a consulta foi cobrada.",
        ),
    ],
)
def test_other_bytes_are_no_report(content: bytes, media_type: str, expected: str, message: str) -> None:
    with pytest.raises(InvalidReport) as caught:
        check_document_bytes(content, media_type, expected)

    assert caught.value.message == message
    assert caught.value.code == "relatorio_invalido"


@given(st.binary(max_size=64))
def test_bytes_without_a_pdf_header_are_never_accepted_as_pdf(content: bytes) -> None:
    try:
        check_document_bytes(content, PDF, PDF)
    except InvalidReport:
        return
    assert content.startswith(b"%PDF-")
    assert b"%%EOF" in content


# ------------------------------------------------------------------------------------------------ export


def test_ready_made_answer_exports_to_pdf_only_and_says_why() -> None:
    for media_type in (PDF, HTML):
        stored = replace(EARLIER, media_type=media_type)
        require_exportable(stored, ExportFormat.PDF)
        with pytest.raises(InvalidInput) as caught:
            require_exportable(stored, ExportFormat.XLSX)
        assert (caught.value.code, caught.value.field) == ("exportacao_sem_dados", "format")
        assert caught.value.message == (
            "O birô entrega este relatório pronto, em PDF, e ele é guardado como veio: não há dados para uma "
            "planilha. Exporte em PDF."
        )
        assert_says_what_to_do(caught.value.message)


def test_structured_answer_exports_to_both() -> None:
    stored = answered(SENT, StructuredReport({}), LATER)
    require_exportable(stored, ExportFormat.PDF)
    require_exportable(stored, ExportFormat.XLSX)


@pytest.mark.parametrize("status", [QueryStatus.SENT, QueryStatus.FAILED, QueryStatus.UNKNOWN])
@pytest.mark.parametrize("export", list(ExportFormat))
def test_query_without_an_answer_can_not_be_exported(status: QueryStatus, export: ExportFormat) -> None:
    with pytest.raises(Conflict) as caught:
        require_exportable(replace(EARLIER, status=status), export)

    assert caught.value.code == "consulta_sem_resposta"
    assert caught.value.message == "Esta consulta não tem resposta guardada para exportar."
