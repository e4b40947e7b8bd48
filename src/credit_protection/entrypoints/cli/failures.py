"""How an error ends the program: one Portuguese line (or one JSON object), the findings, and the code of the table."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from credit_protection.domain.errors import (
    BureauError,
    CreditProtectionError,
    InvalidInput,
    RuleViolation,
)
from credit_protection.entrypoints.cli import usage
from credit_protection.entrypoints.cli.exit_codes import ExitCode, exit_code
from credit_protection.entrypoints.cli.output import Table, as_json, console, print_part, write_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from credit_protection.domain.findings import Finding
    from credit_protection.entrypoints.cli.output import Output, Row

log = logging.getLogger(__name__)


class AlreadyTold(Exception):
    """Ends the program with a code; what there was to say has been said.

    Args:
        code: the exit code.
    """

    def __init__(self, code: ExitCode) -> None:
        super().__init__(code.name)
        self.code = code


def findings_table(findings: Sequence[Finding]) -> Table:
    """The findings, as rows."""
    columns = {"severity": "Gravidade", "code": "Código", "message": "Motivo"}
    rows = [finding_row(finding) for finding in findings]
    return Table("findings", "O que as regras dizem", columns, rows, "As regras nada têm contra.")


def finding_row(finding: Finding) -> Row:
    """A finding as data."""
    return {
        "code": finding.code,
        "severity": finding.severity,
        "message": finding.message,
        "field": finding.field,
        "invoice_id": finding.invoice_id,
    }


def tell(error: BaseException, output: Output) -> ExitCode:
    """Say what went wrong, and give the exit code."""
    if usage.is_about_usage(error):
        _say(output, {"code": "uso", "message": usage.sentence(error)})
        return ExitCode.WRONG_USAGE
    code = exit_code(error)
    if isinstance(error, CreditProtectionError):
        _say(output, _details(error), error.findings if isinstance(error, RuleViolation) else ())
    elif code is ExitCode.ABORTED:
        _say(output, {"code": "cancelado", "message": "Cancelado. Nada mais foi feito."})
    else:
        _log(error)
        message = (
            "Algo inesperado aconteceu no programa. Para ver o detalhe, repita com CREDIT_PROTECTION_LOG_LEVEL=DEBUG."
        )
        _say(output, {"code": "erro_interno", "message": message})
    return code


def _details(error: CreditProtectionError) -> dict[str, object]:
    details: dict[str, object] = {"code": error.code, "message": error.message}
    if isinstance(error, InvalidInput):
        details["field"] = error.field
    if isinstance(error, RuleViolation):
        details["findings"] = [finding_row(finding) for finding in error.findings]
    if isinstance(error, BureauError):
        details.update(request_id=error.request_id, http_status=error.http_status, retryable=error.retryable)
    details.update({name: value for name, value in error.context.items() if isinstance(value, str | int | float)})
    return details


def _say(output: Output, details: dict[str, object], findings: Iterable[Finding] = ()) -> None:
    if output.as_json:
        write_json({"error": as_json(details)})
        return
    output.say(f"Erro [{details['code']}]: {details['message']}")
    if shown := list(findings):
        print_part(console(stderr=True), findings_table(shown))
    if protocol := details.get("request_id"):
        output.say(f"Protocolo do birô: {protocol}")
    if query_id := details.get("query_id"):
        output.say(f"Consulta registrada: {query_id}")


def _log(error: BaseException) -> None:
    from credit_protection.adapters.telemetry import logging as telemetry  # noqa: PLC0415 - `--help` must not wait

    if not telemetry.is_configured():
        telemetry.configure()
    log.error("internal error: %r", error, exc_info=error if log.isEnabledFor(logging.DEBUG) else None)
