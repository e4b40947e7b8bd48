"""How an error ends the program: one Portuguese line (or one JSON object), the findings, and an exit code."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from credit_protection import BureauError, CreditProtectionError, InvalidInput, RuleViolation, ui
from credit_protection.domain.texts import shown_text
from credit_protection.entrypoints.cli import click_messages
from credit_protection.entrypoints.cli.exit_codes import ExitCode, exit_code
from credit_protection.entrypoints.cli.output import as_json, console, print_part, write_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from credit_protection import Finding
    from credit_protection.entrypoints.cli.output import Output

log = logging.getLogger(__name__)


class ExitWith(Exception):
    """Ends the program with a code; everything was reported already."""

    def __init__(self, code: ExitCode) -> None:
        super().__init__(code.name)
        self.code = code


def report_error(error: BaseException, output: Output) -> ExitCode:
    """Report what went wrong. Returns the exit code."""
    if click_messages.is_usage_error(error):
        _report(output, {"code": "uso", "message": click_messages.translated(error)})
        return ExitCode.WRONG_USAGE
    code = exit_code(error)
    if code is ExitCode.INTERNAL and (trouble := _database_trouble(error)):
        _report(output, {"code": "banco_com_problema", "message": trouble})
        return ExitCode.UNAVAILABLE
    if isinstance(error, CreditProtectionError):
        _report(output, _details(error), error.findings if isinstance(error, RuleViolation) else ())
    elif code is ExitCode.ABORTED:
        _report(output, {"code": "cancelado", "message": "Cancelado. Nada mais foi feito."})
    else:
        _log(error)
        message = (
            "Algo inesperado aconteceu no programa. Para ver o detalhe, repita com CREDIT_PROTECTION_LOG_LEVEL=DEBUG."
        )
        _report(output, {"code": "erro_interno", "message": message})
    return code


def _database_trouble(error: BaseException) -> str:
    """What is wrong with the file of the database, as a sentence; empty where it is none of that."""
    import sqlite3  # noqa: PLC0415 - `--help` must not wait

    cause = getattr(error, "orig", None) or error
    match getattr(cause, "sqlite_errorcode", 0) & 0xFF:
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return "Outro programa ocupa o banco de dados (um backup, por exemplo). Espere que ele termine e repita."
        case sqlite3.SQLITE_FULL | sqlite3.SQLITE_IOERR:
            return "O banco de dados não pôde ser gravado: falta espaço, ou o disco falhou. Libere espaço e repita."
        case sqlite3.SQLITE_READONLY:
            return "O banco de dados só aceita leitura. Devolva a permissão de escrita ao arquivo e à pasta, e repita."
        case _:
            return ""


def _details(error: CreditProtectionError) -> dict[str, object]:
    details: dict[str, object] = {"code": error.code, "message": error.message}
    if isinstance(error, InvalidInput):
        details["field"] = error.field
    if isinstance(error, RuleViolation):
        details["findings"] = [ui.finding_row(finding) for finding in error.findings]
    if isinstance(error, BureauError):
        details.update(request_id=error.request_id, http_status=error.http_status, retryable=error.retryable)
    details.update({name: value for name, value in error.context.items() if isinstance(value, str | int | float)})
    return details


def _report(output: Output, details: dict[str, object], findings: Sequence[Finding] = ()) -> None:
    if output.as_json:
        write_json({"error": as_json(details)})
        return
    output.message(shown_text(f"Erro [{details['code']}]: {details['message']}"))
    if findings:
        print_part(console(stderr=True), ui.findings_table(findings))
    if protocol := details.get("request_id"):
        output.message(shown_text(f"Protocolo do birô: {protocol}"))
    if query_id := details.get("query_id"):
        output.message(f"Consulta registrada: {query_id}")


def _log(error: BaseException) -> None:
    from credit_protection.adapters.telemetry import logging as telemetry  # noqa: PLC0415 - `--help` must not wait

    if not telemetry.is_configured():
        telemetry.configure()
    log.error("internal error: %r", error, exc_info=error if log.isEnabledFor(logging.DEBUG) else None)
