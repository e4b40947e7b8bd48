"""`negativations`: what became of each, and what a person may still do about it."""

from collections.abc import Callable
from typing import Annotated

import typer

from credit_protection.domain.actors import Permission
from credit_protection.domain.documents import parse_document
from credit_protection.domain.negativations import Negativation
from credit_protection.domain.reasons import RemovalReason
from credit_protection.entrypoints.cli.adopting import adopt
from credit_protection.entrypoints.cli.options import After, IntegrationOption, Json, Limit, NegativationArgument, Yes
from credit_protection.entrypoints.cli.output import Record, Table
from credit_protection.entrypoints.cli.rows import event_row, negativation_row
from credit_protection.entrypoints.cli.session import Session, opened
from credit_protection.entrypoints.cli.usage import confirm
from credit_protection.ports.storage import NegativationFilter, Page

negativations = typer.Typer(no_args_is_help=True, help="Negativações: situação, histórico, remoção.")

LABELS = {
    "id": "Id",
    "status_text": "Situação",
    "customer_name": "Cliente",
    "customer_id": "Código do cliente",
    "document": "Documento",
    "amount": "Valor",
    "due_date": "Vencimento",
    "invoices": "Faturas",
    "nature_code": "Natureza",
    "reference": "Contrato",
    "bureau_id": "Id no birô",
    "desired": "O que se quer",
    "observed": "O que o birô tem",
    "observed_since": "Desde",
    "published_on": "Consta a partir de",
    "causes": "Causas da remoção",
    "notes": "Observações",
    "removal_reason": "Motivo da baixa",
    "rejection": "Recusa do birô",
    "next_action": "Próximo passo",
    "due_at": "Não antes de",
    "deadline": "Prazo legal",
    "days_left": "Dias até o prazo",
    "attempts": "Tentativas falhas",
    "last_error": "Último erro",
    "blocked_by": "Espera por você",
    "requested_by": "Pedida por",
    "created_at": "Pedida em",
}
_COLUMNS = {
    key: LABELS[key] for key in ("id", "customer_name", "document", "amount", "due_date", "reference", "status_text")
}
_HISTORY = {"at": "Quando", "kind": "O quê", "actor_id": "Quem", "cause": "Por quê", "detail": "Detalhe"}

negativations.command("adopt")(adopt)

Why = Annotated[str, typer.Option("--why", help="Por quê, em uma frase; fica no histórico.")]


@negativations.command("list")
def list_negativations(
    integration: IntegrationOption = None,
    customer: Annotated[str | None, typer.Option(help="Só as deste cliente.")] = None,
    document: Annotated[str | None, typer.Option(help="Só as deste CPF ou CNPJ.")] = None,
    open_: Annotated[bool | None, typer.Option("--open/--closed", help="Com ou sem trabalho pendente.")] = None,
    blocked: Annotated[bool | None, typer.Option("--blocked", help="Só as que esperam por você.")] = None,
    limit: Limit = 50,
    after: After = None,
    json: Json = False,
) -> None:
    """Lista as negativações, a mais nova primeiro."""
    with opened(as_json=json) as session:
        wanted = NegativationFilter(
            integration_id=None if integration is None else session.integration(integration).id,
            customer_id=customer,
            document=None if document is None else parse_document(document).value,
            is_open=open_,
            blocked=blocked,
        )
        listed = session.protection.negativations.list(session.actor, wanted, Page(limit, after))
        today = session.protection.negativations.today()
        rows = [negativation_row(one, today) for one in listed.items]
        table = Table("negativations", "Negativações", _COLUMNS, rows, "Nenhuma negativação.")
        session.output.show(table, Record({"next": "Continua com --after"}, {"next": listed.cursor}))


@negativations.command("show")
def show(negativation_id: NegativationArgument, json: Json = False) -> None:
    """Mostra uma negativação: situação, o que o birô tem, histórico."""
    with opened(as_json=json) as session:
        one = session.protection.negativations.get(session.actor, negativation_id)
        history = session.protection.negativations.history(session.actor, negativation_id)
        row = negativation_row(one, session.protection.negativations.today(), whole=True)
        session.output.show(
            Record(LABELS, row), Table("history", "Histórico", _HISTORY, [event_row(each) for each in history])
        )


@negativations.command("delete")
def delete(
    negativation_id: NegativationArgument,
    reason: Annotated[
        RemovalReason | None, typer.Option(help="Motivo da baixa; sem ele, solicitação do credor.")
    ] = None,
    attestation: Annotated[str, typer.Option(help="Como o pagamento foi comprovado, se o motivo é esse.")] = "",
    yes: Yes = False,
    json: Json = False,
) -> None:
    """Apaga: põe na fila de remoção, ou cancela o que ainda não foi enviado."""

    def act(session: Session) -> Negativation:
        confirm("Remover esta negativação do birô?", yes=yes)
        return session.protection.negativations.delete(
            session.actor, negativation_id, reason=reason, attestation=attestation
        )

    _act(negativation_id, act, "Remoção pedida.", json=json)


@negativations.command("withdraw")
def withdraw(negativation_id: NegativationArgument, json: Json = False) -> None:
    """Desfaz uma remoção pedida por pessoa, se nada foi enviado."""

    def act(session: Session) -> Negativation:
        return session.protection.negativations.withdraw(session.actor, negativation_id)

    _act(negativation_id, act, "Remoção desfeita.", json=json)


@negativations.command("stop")
def stop(negativation_id: NegativationArgument, *, why: Why, json: Json = False) -> None:
    """Para de tentar; continua em aberto, com prazo e alarme."""

    def act(session: Session) -> Negativation:
        return session.protection.negativations.stop_trying(session.actor, negativation_id, why)

    _act(negativation_id, act, "Tentativas paradas; o prazo legal continua a correr.", json=json)


@negativations.command("resume")
def resume(negativation_id: NegativationArgument, json: Json = False) -> None:
    """Volta a tentar, depois de corrigido o que impedia."""

    def act(session: Session) -> Negativation:
        return session.protection.negativations.resume(session.actor, negativation_id)

    _act(negativation_id, act, "Tentativas retomadas.", json=json)


@negativations.command("attest")
def attest(negativation_id: NegativationArgument, *, why: Why, yes: Yes = False, json: Json = False) -> None:
    """Declara que o birô não tem o registro, e encerra."""

    def act(session: Session) -> Negativation:
        confirm("Você comprovou que o birô não tem este registro?", yes=yes)
        return session.protection.negativations.attest_absent(session.actor, negativation_id, why)

    _act(negativation_id, act, "Declaração registrada.", json=json)


def _act(negativation_id: str, act: Callable[[Session], Negativation], message: str, *, json: bool) -> None:
    with opened(as_json=json) as session:
        before = session.protection.negativations.get(session.actor, negativation_id)
        session.actor.require(Permission.REMOVE, before.creditor_id)
        after = act(session)
        session.output.say(message)
        session.output.show(Record(LABELS, negativation_row(after, session.protection.negativations.today())))
