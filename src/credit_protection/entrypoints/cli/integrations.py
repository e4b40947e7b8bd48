"""`integration`, `products`, `natures`: accounts at bureaus, and what each bureau sells."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Annotated

import typer

from credit_protection import Finding, Integration, IntegrationSettings, InvalidInput, Permission, RemovalReason, ui
from credit_protection.domain.parsing import compact_document
from credit_protection.entrypoints.cli.options import IntegrationArgument, IntegrationOption, Yes, confirm, pairs
from credit_protection.entrypoints.cli.parameters import changed_values, new_values
from credit_protection.entrypoints.cli.session import Session, command

integration = typer.Typer(no_args_is_help=True, help="Integrações: contas em birôs de crédito.")
products = typer.Typer(no_args_is_help=True, help="Produtos que o birô vende pelo contrato.")
natures = typer.Typer(no_args_is_help=True, help="Naturezas da inclusão, e para quem cada uma vale.")

_SYNCHRONISED = ui.make_columns(added="Novos", updated="Alterados", gone="Saíram")
_NAMES = ", ".join(field.name for field in ui.SETTING_FIELDS)

Parameters = Annotated[
    list[str] | None,
    typer.Option("--param", help="Parâmetro do gateway, nome=valor; repetível. Segredos, nunca: são perguntados."),
]
Settings = Annotated[list[str] | None, typer.Option("--set", help=f"Ajuste, nome=valor; repetível. Nomes: {_NAMES}.")]


@command(integration, "add")
def add(
    session: Session,
    gateway: Annotated[str | None, typer.Option(help="Código do gateway; sem ele, pergunta.")] = None,
    description: Annotated[str | None, typer.Option(help="Como os operadores a chamarão.")] = None,
    creditor: Annotated[
        str | None, typer.Option(help="Empresa em cujo nome se negativa: código, CNPJ ou nome.")
    ] = None,
    param: Parameters = None,
    set_: Settings = None,
) -> None:
    """Cadastra uma integração; pergunta o que faltar.

    Um segredo é perguntado sem aparecer na tela, ou lido da variável CREDIT_PROTECTION_PARAM_<NOME>.
    """
    session.actor.require(Permission.CONFIGURE)
    providers = {provider.code: provider for provider in session.protection.gateways}
    code = gateway or _choose(session, "Gateway", {each.code: each.name for each in providers.values()})
    if code not in providers:
        raise InvalidInput(
            f"Não existe o gateway {code!r}. Instalados: {', '.join(providers)}.",
            field="gateway",
            code="gateway_desconhecido",
        )
    companies = {each.id: each.name for each in session.protection.integrations.creditors(session.actor)}
    if not companies:
        raise InvalidInput(
            "O ERP ainda não tem empresa. No ERP local, importe os dados: credit-protection invoices import.",
            field="creditor",
            code="sem_empresa",
        )
    creditor_id = _creditor(session, creditor) or creditor or _choose(session, "Empresa", companies)
    settings = ui.change_settings(IntegrationSettings(), pairs(set_, "--set"))
    registered = session.protection.integrations.register(
        session.actor,
        gateway=code,
        description=description or str(typer.prompt("Descrição", default=providers[code].name, err=True)),
        creditor_id=creditor_id,
        parameters=new_values(ui.parameter_fields(providers[code].parameters), pairs(param, "--param")),
        settings=settings,
    )
    _result(session, registered, "Integração cadastrada. Teste-a: credit-protection integration test.")


@command(integration, "list")
def list_integrations(session: Session) -> None:
    """Lista as integrações."""
    session.output.result(ui.integrations_table(session.protection.integrations.list(session.actor), datetime.now(UTC)))


@command(integration, "show")
def show(session: Session, named: IntegrationArgument = None) -> None:
    """Mostra uma integração: parâmetros, ajustes, e se o birô está sendo chamado; dos segredos, só os nomes.

    O valor de cada ajuste serve como está em: integration edit --set NOME=VALOR.
    """
    _show(session, session.integration(named))


@command(integration, "test")
def authenticate(session: Session, named: IntegrationArgument = None) -> None:
    """Autentica no birô de verdade ("Testar"), e diz que motivo de baixa falta."""
    chosen = session.integration(named)
    findings = session.protection.integrations.test(session.actor, chosen.id)
    session.output.message(f"A integração {chosen.description!r} funciona: o birô aceitou as credenciais.")
    row = {"id": chosen.id, "result": "ok", "findings": [ui.finding_row(finding) for finding in findings]}
    session.output.result(ui.Record((), row))
    _notify(session, findings)


@command(integration, "edit")
def edit(
    session: Session,
    named: IntegrationArgument = None,
    description: Annotated[str | None, typer.Option(help="Nova descrição.")] = None,
    param: Parameters = None,
    secret: Annotated[
        list[str] | None, typer.Option("--secret", help="Segredo a trocar, por nome; será perguntado. Repetível.")
    ] = None,
    set_: Settings = None,
    same_account: Annotated[
        str, typer.Option(help="Se a conta do birô é a mesma e isso não se comprova: como você sabe, em uma frase.")
    ] = "",
) -> None:
    """Altera uma integração; o que não é dito fica como está."""
    chosen = session.integration(named)
    session.actor.require(Permission.CONFIGURE, chosen.creditor_id)
    provider = next(each for each in session.protection.gateways if each.code == chosen.gateway)
    texts = pairs(set_, "--set")
    edited = session.protection.integrations.edit(
        session.actor,
        chosen.id,
        description=description,
        parameters=changed_values(ui.parameter_fields(provider.parameters), pairs(param, "--param"), secret or []),
        settings=ui.change_settings(chosen.settings, texts) if texts else None,
        same_account=same_account,
    )
    if texts and (changed := session.protection.sweep.decide_policies()):
        session.output.message(f"Negativações decididas de novo pela política alterada: {changed}.")
    _result(session, edited, "Integração alterada.")


@command(integration, "activate")
def activate(session: Session, named: IntegrationArgument = None) -> None:
    """Libera consultas e inclusões."""
    _set_active(session, named, active=True)


@command(integration, "deactivate")
def deactivate(session: Session, named: IntegrationArgument = None) -> None:
    """Bloqueia consultas e inclusões; as remoções continuam."""
    _set_active(session, named, active=False)


@command(integration, "delete")
def delete(session: Session, named: IntegrationArgument = None, yes: Yes = False) -> None:
    """Exclui uma integração sem negativações em aberto; o histórico fica."""
    chosen = session.integration(named)
    session.actor.require(Permission.CONFIGURE, chosen.creditor_id)
    confirm(f"Excluir a integração {chosen.description!r}?", yes=yes)
    session.protection.integrations.delete(session.actor, chosen.id)
    session.output.message("Integração excluída.")
    session.output.result(ui.Record((), {"id": chosen.id, "deleted": True}))


@command(products, "sync")
def sync_products(session: Session, named: IntegrationArgument = None) -> None:
    """Busca no birô produtos, naturezas e motivos de baixa."""
    chosen = session.integration(named)
    result = session.protection.integrations.synchronise(session.actor, chosen.id)
    row = {"added": result.added, "updated": result.updated, "gone": result.gone, "total": len(result.products)}
    session.output.message(f"Sincronizado: {len(result.products)} produtos.")
    session.output.result(
        ui.Record(_SYNCHRONISED, row | {"findings": [ui.finding_row(finding) for finding in result.findings]})
    )
    _notify(session, result.findings)


@command(products, "reasons")
def removal_reasons(
    session: Session,
    named: IntegrationArgument = None,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", help="Código do birô para um motivo nosso: payment=PG; repetível. Vazio: o proposto."),
    ] = None,
    fallback: Annotated[
        str | None, typer.Option(help="Código para os motivos que não têm um próprio. Vazio: o proposto.")
    ] = None,
) -> None:
    """Mostra ou altera o mapa: o código do birô que é enviado para cada motivo de baixa."""
    chosen = session.integration(named)
    codes = {_reason(name): code for name, code in pairs(set_, "--set").items()}
    reasons = chosen.reason_map
    if codes or fallback is not None:
        reasons = session.protection.integrations.set_reasons(session.actor, chosen.id, codes, fallback=fallback)
        session.output.message("Motivos da baixa alterados.")
    listed = session.protection.integrations.reasons(session.actor, chosen.id)
    session.output.result(ui.reasons_table(reasons, listed))


@command(products, "list")
def list_products(
    session: Session,
    named: IntegrationArgument = None,
    everything: Annotated[bool, typer.Option("--all", help="Também os removidos e os que o birô deixou.")] = False,
) -> None:
    """Lista os produtos que se pode escolher; insumo com * é obrigatório."""
    chosen = session.integration(named)
    listed = session.protection.integrations.products(session.actor, chosen.id, all_of_them=everything)
    session.output.result(ui.products_table(listed, with_withdrawn=everything))


@command(products, "remove")
def remove_products(
    session: Session,
    codes: Annotated[list[str], typer.Argument(metavar="CÓDIGO...", help="Produtos a tirar da lista.")],
    named: IntegrationOption = None,
) -> None:
    """Tira produtos da lista de escolha (um ou muitos); o histórico fica."""
    chosen = session.integration(named)
    removed = session.protection.integrations.remove_products(session.actor, chosen.id, codes)
    session.output.message(f"{removed} produto(s) fora da lista.")
    session.output.result(ui.Record((), {"integration_id": chosen.id, "removed": removed}))


@command(products, "restore")
def restore_products(
    session: Session,
    codes: Annotated[list[str], typer.Argument(metavar="CÓDIGO...", help="Produtos a pôr de volta na lista.")],
    named: IntegrationOption = None,
) -> None:
    """Põe produtos removidos de volta na lista de escolha."""
    chosen = session.integration(named)
    restored = session.protection.integrations.restore_products(session.actor, chosen.id, codes)
    session.output.message(f"{restored} produto(s) de volta na lista.")
    session.output.result(ui.Record((), {"integration_id": chosen.id, "restored": restored}))


@command(natures, "list")
def list_natures(session: Session, named: IntegrationArgument = None) -> None:
    """Lista as naturezas."""
    chosen = session.integration(named)
    session.output.result(ui.natures_table(session.protection.integrations.natures(session.actor, chosen.id)))


def _notify(session: Session, findings: Iterable[Finding]) -> None:
    for finding in findings:
        session.output.message(finding.message)


def _reason(name: str) -> RemovalReason:
    try:
        return RemovalReason(name)
    except ValueError:
        known = ", ".join(RemovalReason)
        raise InvalidInput(
            f"Não existe o motivo {name!r}. Use um destes: {known}.", field="set", code="motivo_desconhecido"
        ) from None


def _set_active(session: Session, named: str | None, *, active: bool) -> None:
    chosen = session.integration(named)
    changed = session.protection.integrations.set_active(session.actor, chosen.id, active=active)
    _result(session, changed, "Integração ativada." if active else "Integração desativada; as remoções continuam.")


def _result(session: Session, integration: Integration, message: str) -> None:
    session.output.message(message)
    _show(session, integration)


def _show(session: Session, integration: Integration) -> None:
    session.output.result(ui.integration_record(integration, datetime.now(UTC)))
    session.output.details(ui.settings_table(integration.settings))


def _creditor(session: Session, named: str | None) -> str | None:
    """The id of the company that is named by its id, its CNPJ (with or without punctuation) or its name."""
    if named is None:
        return None
    known = session.protection.integrations.creditors(session.actor)
    found = [each.id for each in known if each.id == named] or [
        each.id
        for each in known
        if each.document.value == compact_document(named) or each.name.casefold() == named.strip().casefold()
    ]
    return found[0] if len(found) == 1 else None


def _choose(session: Session, what: str, known: dict[str, str]) -> str:
    """The only code, or the one that a person picks."""
    if len(known) == 1:
        return next(iter(known))
    for code, name in known.items():
        session.output.message(f"  {code}  {name}")
    return str(typer.prompt(what, err=True))
