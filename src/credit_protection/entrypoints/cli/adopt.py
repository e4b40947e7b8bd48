"""`negativations adopt`: the preview, a confirmation, and only then the earlier records are adopted."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from credit_protection import AdoptionSummary, Assessment, Extract, InvalidInput, Verdict, ui
from credit_protection.entrypoints.cli.exit_codes import ExitCode
from credit_protection.entrypoints.cli.failures import ExitWith
from credit_protection.entrypoints.cli.options import IntegrationOption, Yes, confirm
from credit_protection.entrypoints.cli.session import Session, with_session

_COUNTS = {
    "rows": "Registros lidos",
    "adopted": "Adotados",
    "adopted_for_removal": "  deles, já quitados: vão para a fila de remoção",
    "without_invoice": "  deles, sem fatura: só uma pessoa remove",
    "already_known": "Já conhecidos",
    "not_at_bureau": "Não constam mais no birô",
    "refused": "Não adotados",
    "unreadable": "A fonte avisa",
}
_PREVIEW = {**_COUNTS, "adopted": "A adotar", "refused": "Não podem ser adotados"}
_ROWS = ui.make_columns(
    line="Linha",
    document="Documento",
    name="Nome",
    reference="Contrato",
    due_date="Vencimento",
    amount="Valor",
    invoice="Fatura",
    verdict_text="Resultado",
    reason="Motivo",
)


@with_session
def adopt(
    session: Session,
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
) -> None:
    """Assume as negativações feitas antes deste programa, da lista do birô ou de um extrato."""
    if from_bureau == (file is not None):
        raise InvalidInput(
            "Diga de onde: --from-bureau, ou --file com o extrato.", field="file", code="origem_da_adocao"
        )
    chosen = session.integration(integration)
    source = _source(session, chosen.id, file)
    adoption = session.protection.adoption
    preview = partial(adoption.preview, session.actor, chosen.id, source, without_invoice=without_invoice)
    adopt_all = partial(adoption.adopt, session.actor, chosen.id, source, without_invoice=without_invoice)
    if dry_run:
        summary, rows = _run(preview, limit)
        session.output.result(*_parts(summary, rows, _PREVIEW))
    else:
        if not yes:
            summary, rows = _run(preview, limit)
            session.output.details(*_parts(summary, rows, _PREVIEW))
            confirm(f"Adotar {summary.adopted} registro(s)?", yes=yes)
        summary, rows = _run(adopt_all, limit)
        session.output.message(f"{summary.adopted} registro(s) adotado(s).")
        session.output.result(*_parts(summary, rows, _COUNTS))
    if summary.unreadable:
        raise ExitWith(ExitCode.UNAVAILABLE)


def _source(session: Session, integration_id: str, file: Path | None) -> "Extract":
    if file is None:
        return session.protection.adoption.bureau_list(session.actor, integration_id)
    from credit_protection.adapters.extracts import open_extract  # noqa: PLC0415 - `--help` must not wait for it

    return open_extract(file)


def _run(act: "Callable[..., AdoptionSummary]", limit: int) -> tuple[AdoptionSummary, list[ui.Row]]:
    """Run; keep the first rows that have findings, as many as a person wants to see."""
    rows: list[ui.Row] = []

    def keep(assessment: Assessment) -> None:
        if assessment.findings and assessment.verdict is not Verdict.ALREADY_KNOWN and len(rows) < limit:
            rows.append(_row(assessment))

    return act(report=keep), rows


def _parts(summary: AdoptionSummary, rows: list[ui.Row], titles: dict[str, str]) -> list[ui.Record | ui.Table]:
    counts: ui.Row = {
        "rows": summary.rows,
        "adopted": summary.adopted,
        **{verdict.value: count for verdict, count in summary.by_verdict.items() if verdict is not Verdict.ADOPTED},
        "findings": summary.by_code,
        "unreadable": summary.unreadable,
    }
    table = ui.Table("records", "Registros a conferir", _ROWS, rows, "Nada a conferir.")
    return [table, ui.Record(ui.make_columns(**titles), counts)]


def _row(assessment: Assessment) -> ui.Row:
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
        "verdict_text": ui.label_for(assessment.verdict),
        "reason": " ".join(finding.message for finding in assessment.findings),
        "findings": [ui.finding_row(finding) for finding in assessment.findings],
    }
