"""`negativations adopt`: the preview, a person's yes, and only then the records of the time before are taken over."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from credit_protection.domain.adoption import Assessment, Tally, Verdict
from credit_protection.domain.errors import InvalidInput
from credit_protection.entrypoints.cli.exit_codes import ExitCode
from credit_protection.entrypoints.cli.failures import AlreadyTold, finding_row
from credit_protection.entrypoints.cli.options import IntegrationOption, Json, Yes
from credit_protection.entrypoints.cli.output import Record, Row, Table
from credit_protection.entrypoints.cli.session import Session, opened
from credit_protection.entrypoints.cli.usage import confirm
from credit_protection.ports.extracts import Extract

_COUNTS = {
    "rows": "Registros lidos",
    "adopted": "Adotados",
    "leaving": "  deles, já quitados: vão para a fila de remoção",
    "without_invoice": "  deles, sem fatura: só uma pessoa remove",
    "known": "Já conhecidos",
    "not_standing": "Não constam mais no birô",
    "refused": "Não adotados",
    "unreadable": "A fonte avisa",
}
_PREVIEW = {**_COUNTS, "adopted": "A adotar", "refused": "Não podem ser adotados"}
_ROWS = {
    "line": "Linha",
    "document": "Documento",
    "name": "Nome",
    "reference": "Contrato",
    "due_date": "Vencimento",
    "amount": "Valor",
    "invoice": "Fatura",
    "verdict_text": "Resultado",
    "reason": "Motivo",
}
_WORDS = {
    Verdict.ADOPTED: "adota",
    Verdict.LEAVING: "adota e remove",
    Verdict.WITHOUT_INVOICE: "adota sem fatura",
    Verdict.KNOWN: "já conhecido",
    Verdict.NOT_STANDING: "não consta",
    Verdict.REFUSED: "não adota",
}


def adopt(
    *,
    integration: IntegrationOption = None,
    from_bureau: Annotated[bool, typer.Option("--from-bureau", help="Da lista do próprio birô.")] = False,
    file: Annotated[Path | None, typer.Option(help="De um extrato do birô: CSV ou XLSX.")] = None,
    without_invoice: Annotated[
        bool,
        typer.Option("--without-invoice", help="Adotar também sem fatura no ERP; depois, só uma pessoa remove."),
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Só mostrar o que seria feito.")] = False,
    limit: Annotated[int, typer.Option(min=0, max=100_000, help="Linhas com observação a mostrar, no máximo.")] = 50,
    yes: Yes = False,
    json: Json = False,
) -> None:
    """Assume as negativações feitas antes deste programa, da lista do birô ou de um extrato."""
    with opened(as_json=json) as session:
        if from_bureau == (file is not None):
            raise InvalidInput(
                "Diga de onde: --from-bureau, ou --file com o extrato.", field="file", code="origem_da_adocao"
            )
        chosen = session.integration(integration)
        adoption = session.protection.adoption
        source = _source(session, chosen.id, file)

        def preview(tell: Callable[[Assessment], None]) -> Tally:
            return adoption.preview(session.actor, chosen.id, source, without_invoice=without_invoice, tell=tell)

        def take_over(tell: Callable[[Assessment], None]) -> Tally:
            return adoption.adopt(session.actor, chosen.id, source, without_invoice=without_invoice, tell=tell)

        if dry_run:
            tally, rows = _run(preview, limit)
            session.output.show(*_parts(tally, rows, _PREVIEW))
        else:
            if not yes:
                tally, rows = _run(preview, limit)
                session.output.present(*_parts(tally, rows, _PREVIEW))
                confirm(f"Adotar {tally.adopted} registro(s)?", yes=yes)
            tally, rows = _run(take_over, limit)
            session.output.say(f"{tally.adopted} registro(s) adotado(s).")
            session.output.show(*_parts(tally, rows, _COUNTS))
    if tally.unreadable:
        raise AlreadyTold(ExitCode.UNAVAILABLE)


def _source(session: Session, integration_id: str, file: Path | None) -> Extract:
    if file is None:
        return session.protection.adoption.bureau_list(session.actor, integration_id)
    from credit_protection.adapters.extracts import open_extract  # noqa: PLC0415 - `--help` must not wait for it

    return open_extract(file)


def _run(act: Callable[[Callable[[Assessment], None]], Tally], limit: int) -> tuple[Tally, list[Row]]:
    """Run, keeping the first rows that a person should look at: never all of a long extract."""
    rows: list[Row] = []

    def keep(assessment: Assessment) -> None:
        if assessment.findings and assessment.verdict is not Verdict.KNOWN and len(rows) < limit:
            rows.append(_row(assessment))

    return act(keep), rows


def _parts(tally: Tally, rows: list[Row], labels: dict[str, str]) -> list[Record | Table]:
    counts: Row = {
        "rows": tally.rows,
        "adopted": tally.adopted,
        **{verdict.value: count for verdict, count in tally.by_verdict.items() if verdict is not Verdict.ADOPTED},
        "findings": tally.by_code,
        "unreadable": tally.unreadable,
    }
    return [Table("records", "Registros a conferir", _ROWS, rows, "Nada a conferir."), Record(labels, counts)]


def _row(assessment: Assessment) -> Row:
    row, document, invoice = assessment.row, assessment.document, assessment.invoice
    return {
        "line": row.line,
        "document": "(inválido)" if document is None else document.masked,
        "name": row.name or ("" if assessment.customer is None else assessment.customer.name),
        "reference": row.reference,
        "due_date": row.due_date,
        "amount": row.amount,
        "invoice": None if invoice is None else invoice.number,
        "invoice_id": None if invoice is None else invoice.id,
        "verdict": assessment.verdict,
        "verdict_text": _WORDS[assessment.verdict],
        "reason": " ".join(finding.message for finding in assessment.findings),
        "findings": [finding_row(finding) for finding in assessment.findings],
    }
