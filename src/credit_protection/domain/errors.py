"""Errors, named by what the caller must do.

Every error has a stable `code`, a Portuguese message for the operator that says what to do, and a `context` without
secrets or whole documents.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from credit_protection.domain.findings import Finding


class CreditProtectionError(Exception):
    """The root of all errors of this package."""

    default_code: ClassVar[str] = "erro"

    def __init__(self, message: str, *, code: str | None = None, **context: object) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.default_code
        self.context = context


class InvalidInput(CreditProtectionError):
    """The input is malformed: correct `field`."""

    default_code = "entrada_invalida"

    def __init__(self, message: str, *, field: str | None = None, code: str | None = None, **context: object) -> None:
        super().__init__(message, code=code, **context)
        self.field = field


class RuleViolation(CreditProtectionError):
    """A rule refuses the act; `findings` has each reason."""

    default_code = "recusado_por_regra"

    def __init__(self, message: str, findings: Iterable[Finding] = (), *, code: str | None = None) -> None:
        super().__init__(message, code=code)
        self.findings = tuple(findings)


class PermissionDenied(CreditProtectionError):
    """The actor may not do this, or may not see this creditor."""

    default_code = "sem_permissao"


class NotFound(CreditProtectionError):
    """It does not exist, or is outside the actor's scope."""

    default_code = "nao_encontrado"


class Conflict(CreditProtectionError):
    """Another process changed it first, or its state does not allow the act: read it again."""

    default_code = "conflito"


class ConfigurationError(CreditProtectionError):
    """The installation is set up wrongly: its operator must correct it."""

    default_code = "configuracao"


class HostUnavailable(CreditProtectionError):
    """The ERP could not be read: nothing was done, try again."""

    default_code = "erp_indisponivel"


class Fault(StrEnum):
    """Where the cause of a failed call lies."""

    NONE = "none"
    """The bureau works: it answered about the record or the account."""
    BUREAU = "bureau"
    """It is down or unreachable, or throttles the account."""
    CREDENTIALS = "credentials"
    UNCLEAR = "unclear"
    """The record's, the gateway's or ours."""


@dataclass(frozen=True, slots=True)
class ReceivedAnswer:
    """The bytes of an answer that failed a check, as they came; `media_type` is what the bureau called them."""

    content: bytes = field(repr=False)
    media_type: str = ""


_SERVER_ERROR = 500


class BureauError(CreditProtectionError):
    """The bureau did not do what was requested. Its class says what happened to the call: the only such table.

    Args:
        code: stable code; the class's own unless a finer one is known.
        request_id: the bureau's protocol or request id, for its support.
        answer: what came, of a query: it may have been paid for, so it is kept.
    """

    default_code = "erro_do_biro"
    may_have_executed: ClassVar[bool] = True
    retryable: ClassVar[bool] = False
    fault: Fault = Fault.UNCLEAR

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        request_id: str | None = None,
        http_status: int | None = None,
        answer: ReceivedAnswer | None = None,
        **context: object,
    ) -> None:
        super().__init__(message, code=code, **context)
        self.request_id = request_id
        self.http_status = http_status
        self.answer = answer


class BureauUnavailable(BureauError):
    """Not executed: try again later."""

    default_code = "biro_indisponivel"
    may_have_executed = False
    retryable = True
    fault = Fault.BUREAU


class RateLimited(BureauUnavailable):
    """Not executed: the bureau throttles the account, until `retry_at` (UTC) where it says so."""

    default_code = "limite_de_chamadas"

    def __init__(
        self,
        message: str,
        *,
        retry_at: datetime | None = None,
        request_id: str | None = None,
        http_status: int | None = None,
    ) -> None:
        super().__init__(message, request_id=request_id, http_status=http_status)
        self.retry_at = retry_at


class InclusionStillProcessing(BureauUnavailable):
    """A removal was not executed, because the inclusion is still being processed: try again later."""

    default_code = "inclusao_em_processamento"
    fault = Fault.NONE


class OutcomeUnknown(BureauError):
    """It may or may not have been executed: look the record up first."""

    default_code = "resultado_desconhecido"

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        request_id: str | None = None,
        http_status: int | None = None,
        answer: ReceivedAnswer | None = None,
        **context: object,
    ) -> None:
        super().__init__(message, code=code, request_id=request_id, http_status=http_status, answer=answer, **context)
        if http_status is None or http_status >= _SERVER_ERROR:
            self.fault = Fault.BUREAU


class UnstoredAnswer(OutcomeUnknown):
    """A paid query was answered, and its answer could not be stored: `received` is the only copy, so keep it."""

    default_code = "resposta_nao_guardada"

    def __init__(
        self, message: str, received: object = None, *, query_id: str = "", request_id: str | None = None
    ) -> None:
        super().__init__(message, request_id=request_id, query_id=query_id)
        self.received = received
        self.fault = Fault.UNCLEAR


class CredentialsRejected(BureauError):
    """Not executed: the bureau refuses the credentials. The integration is paused; a person must correct them."""

    default_code = "credenciais_recusadas"
    may_have_executed = False
    fault = Fault.CREDENTIALS


class NoCredit(BureauError):
    """Not executed: the account at the bureau has no credit."""

    default_code = "sem_credito"
    may_have_executed = False
    fault = Fault.NONE


class Refused(BureauError):
    """Not executed, final: the bureau understood and refuses."""

    default_code = "recusado_pelo_biro"
    may_have_executed = False
    fault = Fault.NONE

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        field: str | None = None,
        request_id: str | None = None,
        http_status: int | None = None,
    ) -> None:
        super().__init__(message, code=code, request_id=request_id, http_status=http_status)
        self.field = field


class ProtocolError(BureauError):
    """The answer was not understood: kept as evidence with its transcript, never dropped."""

    default_code = "resposta_nao_entendida"


class InvalidReport(ProtocolError):
    """A query's answer is not what the gateway promised (an error page called PDF, an empty body, a cut file)."""

    default_code = "relatorio_invalido"
