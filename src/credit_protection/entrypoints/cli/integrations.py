"""`integration`, `products`, `natures`: what a bureau account is, and what it sells."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from credit_protection.application.integrations import IntegrationSettings
from credit_protection.domain.actors import Permission
from credit_protection.domain.errors import InvalidInput
from credit_protection.domain.integrations import Integration
from credit_protection.entrypoints.cli import parameters, settings
from credit_protection.entrypoints.cli.options import IntegrationArgument, Json, Yes, pairs
from credit_protection.entrypoints.cli.output import Record, Table
from credit_protection.entrypoints.cli.rows import integration_row, nature_row, product_row
from credit_protection.entrypoints.cli.session import Session, opened
from credit_protection.entrypoints.cli.usage import confirm

integration = typer.Typer(no_args_is_help=True, help="Integrações: contas em birôs de crédito.")
products = typer.Typer(no_args_is_help=True, help="Produtos que o birô vende pelo contrato.")
natures = typer.Typer(no_args_is_help=True, help="Naturezas da inclusão, e para quem cada uma vale.")

LABELS = {
    "id": "Id",
    "description": "Descrição",
    "gateway": "Gateway",
    "creditor_id": "Empresa",
    "active": "Ativa",
    "calls": "Chamadas ao birô",
    "paused_until": "Pausada até",
    "pause_reason": "Motivo da pausa",
    "parameters": "Parâmetros",
    "secrets": "Segredos guardados",
    "settings": "Ajustes",
    "created_at": "Cadastrada em",
}
_SHOWN = ("id", "description", "gateway", "creditor_id", "active", "calls", "paused_until", "pause_reason")
_COLUMNS = {key: LABELS[key] for key in _SHOWN}

Parameters = Annotated[
    list[str] | None,
    typer.Option("--param", help="Parâmetro do gateway, nome=valor; repetível. Segredos, nunca: são perguntados."),
]
Settings = Annotated[
    list[str] | None,
    typer.Option("--set", help=f"Ajuste, nome=valor; repetível. Nomes: {', '.join(settings.NAMES)}."),
]


@integration.command("add")
def add(
    gateway: Annotated[str | None, typer.Option(help="Código do gateway; sem ele, pergunta.")] = None,
    description: Annotated[str | None, typer.Option(help="Como os operadores a chamarão.")] = None,
    creditor: Annotated[str | None, typer.Option(help="Empresa em cujo nome se negativa.")] = None,
    param: Parameters = None,
    set_: Settings = None,
    json: Json = False,
) -> None:
    """Cadastra uma integração; pergunta o que faltar.

    Um segredo é perguntado sem aparecer na tela, ou lido da variável CREDIT_PROTECTION_PARAM_<NOME>.
    """
    with opened(as_json=json) as session:
        session.actor.require(Permission.CONFIGURE)
        kinds = {kind.code: kind for kind in session.protection.integrations.gateways()}
        code = gateway or _choose(session, "Gateway", {kind.code: kind.name for kind in kinds.values()})
        if code not in kinds:
            raise InvalidInput(
                f"Não existe o gateway {code!r}. Instalados: {', '.join(kinds)}.",
                field="gateway",
                code="gateway_desconhecido",
            )
        companies = {one.id: one.name for one in session.protection.integrations.creditors(session.actor)}
        if not companies:
            raise InvalidInput(
                "O ERP ainda não tem empresa. No ERP local, importe os dados: credit-protection invoices import.",
                field="creditor",
                code="sem_empresa",
            )
        creditor_id = creditor or _choose(session, "Empresa", companies)
        chosen = settings.changed(IntegrationSettings(), pairs(set_, "--set"))
        made = session.protection.integrations.register(
            session.actor,
            gateway=code,
            description=description or str(typer.prompt("Descrição", default=kinds[code].name, err=True)),
            creditor_id=creditor_id,
            parameters=parameters.fill_in(kinds[code].parameters, pairs(param, "--param")),
            settings=chosen,
        )
        _show(session, made, "Integração cadastrada. Teste-a: credit-protection integration test.")


@integration.command("list")
def list_integrations(json: Json = False) -> None:
    """Lista as integrações."""
    with opened(as_json=json) as session:
        now = datetime.now(UTC)
        rows = [integration_row(one, now) for one in session.protection.integrations.list(session.actor)]
        empty = "Nenhuma integração. Cadastre uma com: credit-protection integration add."
        session.output.show(Table("integrations", "Integrações", _COLUMNS, rows, empty))


@integration.command("show")
def show(named: IntegrationArgument = None, json: Json = False) -> None:
    """Mostra uma integração: parâmetros, ajustes, e se o birô está sendo chamado; dos segredos, só os nomes."""
    with opened(as_json=json) as session:
        session.output.show(Record(LABELS, integration_row(session.integration(named), datetime.now(UTC))))


@integration.command("test")
def authenticate(named: IntegrationArgument = None, json: Json = False) -> None:
    """Autentica no birô de verdade ("Testar")."""
    with opened(as_json=json) as session:
        chosen = session.integration(named)
        session.protection.integrations.test(session.actor, chosen.id)
        session.output.say(f"A integração {chosen.description!r} funciona: o birô aceitou as credenciais.")
        session.output.show(Record({}, {"id": chosen.id, "result": "ok"}))


@integration.command("edit")
def edit(
    named: IntegrationArgument = None,
    description: Annotated[str | None, typer.Option(help="Nova descrição.")] = None,
    param: Parameters = None,
    secret: Annotated[
        list[str] | None, typer.Option("--secret", help="Segredo a trocar, por nome; será perguntado. Repetível.")
    ] = None,
    set_: Settings = None,
    json: Json = False,
) -> None:
    """Altera uma integração; o que não é dito fica como está."""
    with opened(as_json=json) as session:
        chosen = session.integration(named)
        session.actor.require(Permission.CONFIGURE, chosen.creditor_id)
        kind = next(one for one in session.protection.integrations.gateways() if one.code == chosen.gateway)
        changes = pairs(set_, "--set")
        edited = session.protection.integrations.edit(
            session.actor,
            chosen.id,
            description=description,
            parameters=parameters.changed(kind.parameters, pairs(param, "--param"), secret or []),
            settings=settings.changed(settings.settings_of(chosen), changes) if changes else None,
        )
        _show(session, edited, "Integração alterada.")


@integration.command("activate")
def activate(named: IntegrationArgument = None, json: Json = False) -> None:
    """Libera consultas e inclusões."""
    _set_active(named, active=True, json=json)


@integration.command("deactivate")
def deactivate(named: IntegrationArgument = None, json: Json = False) -> None:
    """Bloqueia consultas e inclusões; as remoções continuam."""
    _set_active(named, active=False, json=json)


@integration.command("delete")
def delete(named: IntegrationArgument = None, yes: Yes = False, json: Json = False) -> None:
    """Exclui uma integração sem negativações em aberto; o histórico fica."""
    with opened(as_json=json) as session:
        chosen = session.integration(named)
        session.actor.require(Permission.CONFIGURE, chosen.creditor_id)
        confirm(f"Excluir a integração {chosen.description!r}?", yes=yes)
        session.protection.integrations.delete(session.actor, chosen.id)
        session.output.say("Integração excluída.")
        session.output.show(Record({}, {"id": chosen.id, "deleted": True}))


@products.command("sync")
def sync_products(named: IntegrationArgument = None, json: Json = False) -> None:
    """Busca no birô produtos, naturezas e motivos de baixa."""
    with opened(as_json=json) as session:
        chosen = session.integration(named)
        result = session.protection.integrations.synchronise(session.actor, chosen.id)
        labels = {"added": "Novos", "updated": "Alterados", "gone": "Saíram"}
        row = {"added": result.added, "updated": result.updated, "gone": result.gone, "total": len(result.products)}
        session.output.say(f"Sincronizado: {len(result.products)} produtos.")
        session.output.show(Record(labels, row))


@products.command("list")
def list_products(
    named: IntegrationArgument = None,
    everything: Annotated[bool, typer.Option("--all", help="Também os removidos e os que o birô deixou.")] = False,
    json: Json = False,
) -> None:
    """Lista os produtos que se pode escolher; insumo com * é obrigatório."""
    columns = {"code": "Código", "name": "Nome", "kind": "Tipo", "person_types": "Para", "price": "Preço"}
    columns |= {"inputs": "Insumos"}
    if everything:
        columns |= {"hidden": "Removido", "gone_at": "Saiu em"}
    with opened(as_json=json) as session:
        chosen = session.integration(named)
        listed = session.protection.integrations.products(session.actor, chosen.id, all_of_them=everything)
        rows = [product_row(product) for product in listed]
        empty = "Nenhum produto. Sincronize: credit-protection products sync."
        session.output.show(Table("products", "Produtos", columns, rows, empty))


@products.command("remove")
def remove_products(
    codes: Annotated[list[str], typer.Argument(metavar="CÓDIGO...", help="Produtos a tirar da lista.")],
    named: Annotated[str | None, typer.Option("--integration", "-i", help="Qual integração.")] = None,
    json: Json = False,
) -> None:
    """Tira produtos da lista de escolha (um ou muitos); o histórico fica."""
    with opened(as_json=json) as session:
        chosen = session.integration(named)
        removed = session.protection.integrations.remove_products(session.actor, chosen.id, codes)
        session.output.say(f"{removed} produto(s) fora da lista.")
        session.output.show(Record({}, {"integration_id": chosen.id, "removed": removed}))


@natures.command("list")
def list_natures(named: IntegrationArgument = None, json: Json = False) -> None:
    """Lista as naturezas."""
    with opened(as_json=json) as session:
        chosen = session.integration(named)
        rows = [nature_row(nature) for nature in session.protection.integrations.natures(session.actor, chosen.id)]
        columns = {"code": "Código", "description": "Descrição", "person_types": "Vale para"}
        empty = "Nenhuma natureza. Sincronize: credit-protection products sync."
        session.output.show(Table("natures", "Naturezas", columns, rows, empty))


def _set_active(named: str | None, *, active: bool, json: bool) -> None:
    with opened(as_json=json) as session:
        chosen = session.integration(named)
        changed = session.protection.integrations.set_active(session.actor, chosen.id, active=active)
        _show(session, changed, "Integração ativada." if active else "Integração desativada; as remoções continuam.")


def _show(session: Session, shown: Integration, message: str) -> None:
    session.output.say(message)
    session.output.show(Record(LABELS, integration_row(shown, datetime.now(UTC))))


def _choose(session: Session, what: str, known: dict[str, str]) -> str:
    """The only one, or the one that a person picks."""
    if len(known) == 1:
        return next(iter(known))
    for code, name in known.items():
        session.output.say(f"  {code}  {name}")
    return str(typer.prompt(what, err=True))
