"""`query` and `queries`: a credit query is paid once; its stored answer is read again at no cost."""

import os
from dataclasses import replace
from mimetypes import guess_extension
from pathlib import Path
from typing import Annotated

import typer

from credit_protection import (
    CreditQuery,
    DocumentReport,
    ExportFormat,
    InvalidInput,
    Purpose,
    Severity,
    UnstoredAnswer,
    ui,
)
from credit_protection.adapters.private_files import write_new_file
from credit_protection.entrypoints.cli.options import After, IntegrationOption, Limit, QueryArgument, confirm, pairs
from credit_protection.entrypoints.cli.output import next_page
from credit_protection.entrypoints.cli.session import Session, command, with_session

queries = typer.Typer(no_args_is_help=True, help="Consultas feitas e suas respostas guardadas.")

OutputFile = Annotated[Path | None, typer.Option("--output", "-o", help="Arquivo; por padrão, consulta-<id>.pdf aqui.")]


@with_session
def run_query(  # noqa: PLR0913 - options of one command
    session: Session,
    document: Annotated[
        str | None, typer.Argument(metavar="[DOCUMENTO]", help="CPF ou CNPJ de quem se quer saber.")
    ] = None,
    *,
    product: Annotated[str, typer.Option("--product", "-p", help="Código do produto de consulta.")],
    integration: IntegrationOption = None,
    customer: Annotated[str | None, typer.Option(help="Código do cliente no ERP, no lugar do documento.")] = None,
    inputs: Annotated[list[str] | None, typer.Option("--input", help="Insumo, código=valor; repetível.")] = None,
    purpose: Annotated[Purpose, typer.Option(help="Finalidade (base legal).")] = Purpose.CREDIT_GRANTING,
    output: OutputFile = None,
    force: Annotated[bool, typer.Option("--force", help="Pagar de novo, mesmo com resposta recente.")] = False,
) -> None:
    """Faz uma consulta de crédito (paga) e grava a resposta em um arquivo."""
    _require_new(output)
    chosen = session.integration(integration)
    subject = _document(session, document, customer)
    is_forced = force or _confirm_force(session, chosen.id, product, subject)
    try:
        query = session.protection.queries.run(
            session.actor,
            integration_id=chosen.id,
            product_code=product,
            document=subject,
            inputs=pairs(inputs, "--input"),
            customer_id=customer,
            purpose=purpose,
            force=is_forced,
        )
    except UnstoredAnswer as error:
        _rescue(session, error, output)
        raise
    except KeyboardInterrupt:
        session.output.message("A consulta pode ter sido enviada e cobrada. Confira: credit-protection queries list")
        raise
    _deliver(session, query.id, output)


@command(queries, "list")
def list_queries(
    session: Session,
    customer: Annotated[str | None, typer.Option(help="Só as deste cliente.")] = None,
    document: Annotated[str | None, typer.Option(help="Só as deste CPF ou CNPJ.")] = None,
    limit: Limit = 50,
    after: After = None,
) -> None:
    """Lista as consultas, a mais nova primeiro."""
    wanted = ui.query_filter({"customer_id": customer, "document": document})
    page = session.protection.queries.list(session.actor, wanted, ui.page_request(limit, after))
    session.output.result(ui.queries_table(page.items), next_page(page.cursor))


@command(queries, "show")
def show(session: Session, query_id: QueryArgument) -> None:
    """Mostra os dados de uma consulta, sem abrir a resposta."""
    session.output.result(ui.query_record(session.protection.queries.get(session.actor, query_id)))


@command(queries, "open")
def open_query(
    session: Session,
    query_id: QueryArgument,
    output: OutputFile = None,
    *,
    anyway: Annotated[
        bool, typer.Option("--anyway", help="Baixar assim mesmo o que veio e não passou na conferência.")
    ] = False,
) -> None:
    """Grava de novo a resposta guardada; não custa nada, e fica registrado."""
    _require_new(output)
    if anyway:
        query, answer = session.protection.queries.open_unchecked(session.actor, query_id)
        session.output.message(f"Atenção: esta resposta não passou na conferência. {answer.reason}")
        _write(session, query, output or _default_path(query.id, f"-nao-conferida{answer.suffix}"), answer.content)
        return
    _deliver(session, query_id, output)


@command(queries, "export")
def export(
    session: Session,
    query_id: QueryArgument,
    format_: Annotated[ExportFormat, typer.Option("--format", help="Formato do arquivo.")] = ExportFormat.PDF,
    output: OutputFile = None,
) -> None:
    """Exporta a resposta guardada."""
    path = output or Path(f"consulta-{query_id}.{format_.value}")
    _require_new(path)
    content = session.protection.queries.export(session.actor, query_id, format_)
    _write(session, session.protection.queries.get(session.actor, query_id), path, content)


def _document(session: Session, document: str | None, customer_id: str | None) -> str:
    """The document that was given, or the customer's as the ERP has it."""
    if document is not None and customer_id is None:
        return document
    if document is not None or customer_id is None:
        raise typer.BadParameter("diga um documento ou um cliente (--customer)", param_hint="DOCUMENTO")
    return session.protection.customers.get(session.actor, customer_id).document


def _confirm_force(session: Session, integration_id: str, product: str, document: str) -> bool:
    """Ask whether to pay again where a recent answer is stored; a window that blocks is not asked about."""
    finding = session.protection.queries.check_reuse_window(session.actor, integration_id, product, document)
    if finding is None or finding.severity is not Severity.WARN:
        return False
    session.output.details(ui.findings_table([finding]))
    confirm(f"{finding.message} Pagar mesmo assim?", yes=False)
    return True


def _require_new(path: Path | None) -> None:
    """Check, before anything is paid for, that the file can be created; no file is overwritten."""
    if path is None:
        return
    if path.exists():
        raise InvalidInput(f"O arquivo {path} já existe. Dê outro nome.", field="output", code="arquivo_existe")
    if not path.absolute().parent.is_dir():
        raise InvalidInput(
            f"A pasta {path.absolute().parent} não existe. Crie-a antes.", field="output", code="pasta_desconhecida"
        )


def _deliver(session: Session, query_id: str, path: Path | None) -> None:
    query, report = session.protection.queries.open(session.actor, query_id)
    if not isinstance(report, DocumentReport):
        raise InvalidInput(
            "Esta resposta é feita de dados e não é um documento. Exporte-a: credit-protection queries export.",
            code="resposta_sem_documento",
        )
    _write(
        session, query, path or _default_path(query.id, guess_extension(report.media_type) or ".bin"), report.content
    )


def _rescue(session: Session, error: UnstoredAnswer, path: Path | None) -> None:
    """Write the only copy of a paid answer to its file."""
    if not isinstance(error.received, DocumentReport):
        return
    named = str(error.context.get("query_id"))
    chosen = path or _default_path(named, guess_extension(error.received.media_type) or ".bin")
    try:
        write_new_file(chosen, error.received.content)
    except OSError as failed:
        session.output.message(f"A resposta também não pôde ser gravada em {chosen}: {failed.strerror}.")
    else:
        session.output.message(f"A resposta foi gravada em {chosen}: é a única cópia, guarde-a.")


def _default_path(query_id: str, suffix: str) -> Path:
    """The default name, with a number where the file exists already."""
    numbers = ("", *(f"-{count}" for count in range(2, 1000)))
    paths = (Path(f"consulta-{query_id}{number}{suffix}") for number in numbers)
    return next(path for path in paths if not os.path.lexists(path))


def _write(session: Session, query: CreditQuery, path: Path, content: bytes) -> None:
    try:
        write_new_file(path, content)
    except OSError as error:
        raise InvalidInput(
            f"O arquivo {path} não pôde ser gravado: {error.strerror}. A resposta está guardada: "
            f"credit-protection queries open {query.id} --output OUTRO.pdf",
            field="output",
            code="arquivo_nao_gravado",
        ) from error
    record = ui.query_record(query, masked=True)
    session.output.message(f"Gravado em {path}.")
    if query.error_message and not query.has_unchecked_answer:
        session.output.message(f"Atenção: {query.error_message}")
    session.output.result(replace(record, row={**record.row, "file": str(path)}))
