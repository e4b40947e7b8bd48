from datetime import UTC, datetime

import pytest

from credit_protection.domain import errors
from credit_protection.domain.findings import Finding, Severity, blocks

SENTENCE = "Algo deu errado. Confira."
UNTIL = datetime(2026, 9, 15, 12, tzinfo=UTC)
BLOCKING = Finding("sem_fatura", Severity.BLOCK, "Escolha pelo menos uma fatura vencida.", "invoices")
WARNING = Finding("nascimento_desconhecido", Severity.WARN, "Confira a idade.", "birth_date")

CODES: list[tuple[type[errors.CreditProtectionError], str, bool | None]] = [
    (errors.CreditProtectionError, "erro", None),
    (errors.InvalidInput, "entrada_invalida", None),
    (errors.RuleViolation, "recusado_por_regra", None),
    (errors.PermissionDenied, "sem_permissao", None),
    (errors.NotFound, "nao_encontrado", None),
    (errors.Conflict, "conflito", None),
    (errors.ConfigurationError, "configuracao", None),
    (errors.HostUnavailable, "erp_indisponivel", None),
    (errors.BureauError, "erro_do_biro", False),
    (errors.BureauUnavailable, "biro_indisponivel", True),
    (errors.RateLimited, "limite_de_chamadas", True),
    (errors.InclusionStillProcessing, "inclusao_em_processamento", True),
    (errors.OutcomeUnknown, "resultado_desconhecido", False),
    (errors.CredentialsRejected, "credenciais_recusadas", False),
    (errors.NoCredit, "sem_credito", False),
    (errors.Refused, "recusado_pelo_biro", False),
    (errors.ProtocolError, "resposta_nao_entendida", False),
    (errors.InvalidReport, "relatorio_invalido", False),
]


@pytest.mark.parametrize(("kind", "code", "retryable"), CODES)
def test_each_error_has_a_stable_code_of_its_own(
    kind: type[errors.CreditProtectionError], code: str, retryable: bool | None
) -> None:
    error = kind(SENTENCE)

    assert error.code == code
    assert error.message == str(error) == SENTENCE
    assert error.context == {}
    if isinstance(error, errors.BureauError):
        assert error.retryable is retryable
        assert (error.request_id, error.http_status) == (None, None)


def test_no_two_errors_share_a_code() -> None:
    codes = [code for _, code, _ in CODES]
    assert len(set(codes)) == len(codes)


def test_finer_code_and_a_context_are_kept() -> None:
    plain = errors.Conflict(SENTENCE, code="mais_fino", version=3)
    wrong = errors.InvalidInput(SENTENCE, field="cep", code="cep_formato", length=7)

    assert (plain.code, plain.context) == ("mais_fino", {"version": 3})
    assert (wrong.code, wrong.field, wrong.context) == ("cep_formato", "cep", {"length": 7})
    assert errors.InvalidInput(SENTENCE).field is None


def test_rule_violation_carries_all_findings() -> None:
    error = errors.RuleViolation(SENTENCE, iter([BLOCKING, WARNING]), code="sem_fatura")

    assert error.findings == (BLOCKING, WARNING)
    assert error.code == "sem_fatura"
    assert error.message == SENTENCE
    assert errors.RuleViolation(SENTENCE).findings == ()


def test_bureau_error_carries_request_id_and_status() -> None:
    error = errors.BureauError(SENTENCE, code="x", request_id="r-1", http_status=500, path="/negativacoes")

    assert (error.message, error.code) == (SENTENCE, "x")
    assert (error.request_id, error.http_status) == ("r-1", 500)
    assert error.context == {"path": "/negativacoes"}


def test_rate_limit_carries_its_retry_instant() -> None:
    error = errors.RateLimited(SENTENCE, retry_at=UNTIL, request_id="r-1", http_status=429)

    assert (error.message, error.retry_at, error.request_id, error.http_status) == (SENTENCE, UNTIL, "r-1", 429)
    assert errors.RateLimited(SENTENCE).retry_at is None


UNKNOWN, NOT_EXECUTED = True, False


@pytest.mark.parametrize(
    ("error", "may_have_executed", "fault"),
    [
        (errors.Refused(SENTENCE), NOT_EXECUTED, errors.Fault.NONE),
        (errors.NoCredit(SENTENCE), NOT_EXECUTED, errors.Fault.NONE),
        (errors.InclusionStillProcessing(SENTENCE), NOT_EXECUTED, errors.Fault.NONE),
        (errors.BureauUnavailable(SENTENCE), NOT_EXECUTED, errors.Fault.BUREAU),
        (errors.RateLimited(SENTENCE), NOT_EXECUTED, errors.Fault.BUREAU),
        (errors.RateLimited(SENTENCE, retry_at=UNTIL), NOT_EXECUTED, errors.Fault.BUREAU),
        (errors.CredentialsRejected(SENTENCE), NOT_EXECUTED, errors.Fault.CREDENTIALS),
        (errors.OutcomeUnknown(SENTENCE), UNKNOWN, errors.Fault.BUREAU),
        (errors.OutcomeUnknown(SENTENCE, http_status=500), UNKNOWN, errors.Fault.BUREAU),
        (errors.OutcomeUnknown(SENTENCE, http_status=504), UNKNOWN, errors.Fault.BUREAU),
        (errors.OutcomeUnknown(SENTENCE, http_status=302), UNKNOWN, errors.Fault.UNCLEAR),
        (errors.ProtocolError(SENTENCE), UNKNOWN, errors.Fault.UNCLEAR),
        (errors.InvalidReport(SENTENCE), UNKNOWN, errors.Fault.UNCLEAR),
        (errors.BureauError(SENTENCE), UNKNOWN, errors.Fault.UNCLEAR),
    ],
)
def test_error_says_whether_the_call_took_effect_and_whose_fault_it_was(
    error: errors.BureauError, may_have_executed: bool, fault: errors.Fault
) -> None:
    assert (error.may_have_executed, error.fault) == (may_have_executed, fault)
    assert not (error.may_have_executed and error.retryable)


def test_refusal_names_the_field_at_fault() -> None:
    error = errors.Refused(SENTENCE, code="17", field="nature", request_id="r-1", http_status=422)

    assert (error.message, error.code, error.field) == (SENTENCE, "17", "nature")
    assert (error.request_id, error.http_status) == ("r-1", 422)
    assert errors.Refused(SENTENCE).field is None


@pytest.mark.parametrize(
    ("findings", "refused"),
    [([], False), ([WARNING], False), ([BLOCKING], True), ([WARNING, BLOCKING], True)],
)
def test_only_a_blocking_finding_refuses(findings: list[Finding], refused: bool) -> None:
    assert blocks(iter(findings)) is refused
