"""`query` and `queries`: one paid question, its answer kept; reading it again costs nothing."""

from pathlib import Path
from typing import Annotated

import typer

from credit_protection.domain.errors import InvalidInput
from credit_protection.domain.findings import Severity
from credit_protection.domain.queries import HTML, PDF, CreditQuery, DocumentReport, ExportFormat, Purpose
from credit_protection.entrypoints.cli.failures import findings_table
from credit_protection.entrypoints.cli.options import After, IntegrationOption, Json, Limit, QueryArgument, pairs
from credit_protection.entrypoints.cli.output import Record, Table
from credit_protection.entrypoints.cli.rows import query_row
from credit_protection.entrypoints.cli.session import Session, opened
from credit_protection.entrypoints.cli.usage import confirm
from credit_protection.ports.storage import Page

queries = typer.Typer(no_args_is_help=True, help="Consultas feitas e suas respostas guardadas.")

_LABELS = {
    "id": "Consulta",
    "status": "Resultado",
    "document": "Documento",
    "customer_id": "Cliente",
    "product_code": "Produto",
    "purpose": "Finalidade",
    "actor_id": "Usuário",
    "asked_at": "Feita em",
    "answered_at": "Respondida em",
    "cost": "Custo",
    "protocol": "Protocolo",
    "error_message": "Erro",
    "media_type": "Tipo",
    "size": "Bytes",
    "sha256": "SHA-256",
    "file": "Arquivo",
}
_COLUMNS = {
    key: _LABELS[key] for key in ("id", "asked_at", "document", "customer_id", "product_code", "status", "cost")
}
_SUFFIXES = {PDF: ".pdf", HTML: ".html"}

OutputFile = Annotated[Path | None, typer.Option("--output", "-o", help="Arquivo; por padrão, consulta-<id>.pdf aqui.")]


def run_query(  # noqa: PLR0913 - options of one command
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
    insist: Annotated[bool, typer.Option("--insist", help="Pagar de novo, mesmo com resposta recente.")] = False,
    json: Json = False,
) -> None:
    """Faz uma consulta de crédito (paga) e grava a resposta em um arquivo."""
    with opened(as_json=json) as session:
        _require_new(output)
        chosen = session.integration(integration)
        asked = _document(session, document, customer)
        if not insist:
            insist = _insists(session, chosen.id, product, asked)
        query = session.protection.queries.run(
            session.actor,
            integration_id=chosen.id,
            product_code=product,
            document=asked,
            inputs=pairs(inputs, "--input"),
            customer_id=customer,
            purpose=purpose,
            insist=insist,
        )
        _deliver(session, query.id, output)


@queries.command("list")
def list_queries(
    customer: Annotated[str | None, typer.Option(help="Só as deste cliente.")] = None,
    document: Annotated[str | None, typer.Option(help="Só as deste CPF ou CNPJ.")] = None,
    limit: Limit = 50,
    after: After = None,
    json: Json = False,
) -> None:
    """Lista as consultas, a mais nova primeiro."""
    with opened(as_json=json) as session:
        listed = session.protection.queries.list(
            session.actor, customer_id=customer, document=document, page=Page(limit, after)
        )
        rows = [query_row(query) for query in listed.items]
        table = Table("queries", "Consultas", _COLUMNS, rows, "Nenhuma consulta.")
        session.output.show(table, Record({"next": "Continua com --after"}, {"next": listed.cursor}))


@queries.command("show")
def show(query_id: QueryArgument, json: Json = False) -> None:
    """Mostra os dados de uma consulta, sem abrir a resposta."""
    with opened(as_json=json) as session:
        query = session.protection.queries.get(session.actor, query_id)
        session.output.show(Record(_LABELS, query_row(query, whole=True)))


@queries.command("open")
def open_query(query_id: QueryArgument, output: OutputFile = None, json: Json = False) -> None:
    """Grava de novo a resposta guardada; não custa nada, e fica registrado."""
    with opened(as_json=json) as session:
        _require_new(output)
        _deliver(session, query_id, output)


@queries.command("export")
def export(
    query_id: QueryArgument,
    format_: Annotated[ExportFormat, typer.Option("--format", help="Formato do arquivo.")] = ExportFormat.PDF,
    output: OutputFile = None,
    json: Json = False,
) -> None:
    """Exporta a resposta guardada."""
    with opened(as_json=json) as session:
        path = output or Path(f"consulta-{query_id}.{format_.value}")
        _require_new(path)
        content = session.protection.queries.export(session.actor, query_id, format_)
        query = session.protection.queries.get(session.actor, query_id)
        _write(session, query, path, content)


def _document(session: Session, document: str | None, customer_id: str | None) -> str:
    """The document that was given, or the customer's as the ERP has it."""
    if (document is None) == (customer_id is None):
        raise typer.BadParameter("diga um documento ou um cliente (--customer)", param_hint="DOCUMENTO")
    if document is not None:
        return document
    customer = session.host.customers([customer_id or ""]).get(customer_id or "")
    if customer is None:
        raise InvalidInput(
            f"O cliente {customer_id} não existe no ERP. Confira o código.",
            field="customer",
            code="cliente_desconhecido",
        )
    return customer.document


def _insists(session: Session, integration_id: str, product: str, document: str) -> bool:
    """Whether a person wants to pay again though an answer is at hand; a window that blocks is not asked about."""
    finding = session.protection.queries.reuse(session.actor, integration_id, product, document)
    if finding is None or finding.severity is not Severity.WARN:
        return False
    session.output.present(findings_table([finding]))
    confirm(f"{finding.message} Pagar mesmo assim?", yes=False)
    return True


def _require_new(path: Path | None) -> None:
    """Before anything is paid for: the answer must have where to go, and nothing is written over."""
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
    _write(session, query, path or _fresh(query, _SUFFIXES.get(report.media_type, ".bin")), report.content)


def _fresh(query: CreditQuery, suffix: str) -> Path:
    """The default name; with a number where the file is there already."""
    names = (
        Path(f"consulta-{query.id}{number}{suffix}") for number in ("", *(f"-{count}" for count in range(2, 1000)))
    )
    return next(path for path in names if not path.exists())


def _write(session: Session, query: CreditQuery, path: Path, content: bytes) -> None:
    try:
        with path.open("xb") as file:
            file.write(content)
    except OSError as error:
        raise InvalidInput(
            f"O arquivo {path} não pôde ser gravado: {error.strerror}. A resposta está guardada: "
            f"credit-protection queries open {query.id} --output OUTRO.pdf",
            field="output",
            code="arquivo_nao_gravado",
        ) from error
    session.output.say(f"Gravado em {path}.")
    session.output.show(Record(_LABELS, {**query_row(query), "file": str(path)}))
