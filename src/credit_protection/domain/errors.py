"""Errors, named by what the caller must do.

Every error has a stable `code`, a Portuguese message for the operator that says what to do, and a `context` without
secrets or whole documents.
"""

from __future__ import annotations

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
    """What was given is malformed: correct `field` and ask again."""

    default_code = "entrada_invalida"

    def __init__(self, message: str, *, field: str | None = None, code: str | None = None, **context: object) -> None:
        super().__init__(message, code=code, **context)
        self.field = field


class RuleViolation(CreditProtectionError):
    """A rule refuses the act; `findings` tells each reason."""

    default_code = "recusado_por_regra"

    def __init__(self, message: str, findings: Iterable[Finding] = (), *, code: str | None = None) -> None:
        super().__init__(message, code=code)
        self.findings = tuple(findings)


class PermissionDenied(CreditProtectionError):
    """The actor may not do this, or may not see this creditor."""

    default_code = "sem_permissao"


class NotFound(CreditProtectionError):
    """What was named does not exist, or is out of the actor's sight."""

    default_code = "nao_encontrado"


class Conflict(CreditProtectionError):
    """Somebody else changed it first, or the state no longer allows it: read again and decide."""

    default_code = "conflito"


class ConfigurationError(CreditProtectionError):
    """The installation is set up wrongly: whoever operates it must mend it."""

    default_code = "configuracao"


class HostUnavailable(CreditProtectionError):
    """The ERP could not be read: nothing was done, try again."""

    default_code = "erp_indisponivel"


class BureauError(CreditProtectionError):
    """The bureau did not do what was asked.

    Args:
        message: Portuguese sentence for the operator.
        code: stable code; the class's own unless a finer one is known.
        request_id: the bureau's protocol or request id, for its support desk.
        http_status: the status of the answer, where there was one.
    """

    default_code = "erro_do_biro"
    retryable: ClassVar[bool] = False

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        request_id: str | None = None,
        http_status: int | None = None,
        **context: object,
    ) -> None:
        super().__init__(message, code=code, **context)
        self.request_id = request_id
        self.http_status = http_status


class BureauUnavailable(BureauError):
    """Not executed: try again later."""

    default_code = "biro_indisponivel"
    retryable = True


class RateLimited(BureauUnavailable):
    """Not executed: the bureau asks for calm until `retry_at` (UTC), where it says so."""

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


class OutcomeUnknown(BureauError):
    """It may or may not have been executed: ask the bureau first, then go on."""

    default_code = "resultado_desconhecido"


class CredentialsRejected(BureauError):
    """Not executed: the bureau refuses the credentials. Pause the integration, call a person."""

    default_code = "credenciais_recusadas"


class NoCredit(BureauError):
    """Not executed: the account at the bureau has no credit."""

    default_code = "sem_credito"


class Refused(BureauError):
    """Final: the bureau understood and refuses (`Rejected` is the answer, this the error of a query or a check)."""

    default_code = "recusado_pelo_biro"

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
