"""`users`: who may use the command line, and for what."""

from typing import Annotated

import typer

from credit_protection import ROLES, InvalidInput, ui
from credit_protection.entrypoints.cli import identity
from credit_protection.entrypoints.cli.options import After, Limit
from credit_protection.entrypoints.cli.output import next_page
from credit_protection.entrypoints.cli.session import Session, command

users = typer.Typer(no_args_is_help=True, help="Os usuários desta instalação e os seus papéis.")

Login = Annotated[str, typer.Argument(metavar="USUÁRIO", help="Nome do usuário na máquina (login).")]
Roles = Annotated[list[str] | None, typer.Option("--role", help=f"Papel: {', '.join(ROLES)}. Repetível.")]
Creditors = Annotated[
    list[str] | None, typer.Option("--creditor", help="Só esta empresa, por código ou CNPJ; sem ela, todas. Repetível.")
]


@command(users, "list")
def list_users(session: Session, limit: Limit = 50, after: After = None) -> None:
    """Lista os usuários, também os que foram tirados; a mudança mais nova primeiro."""
    page = session.protection.users.list(session.actor, ui.page_request(limit, after))
    session.output.result(ui.users_table(page.items), next_page(page.cursor))


@command(users, "add")
def add(
    session: Session,
    login: Annotated[
        str | None, typer.Argument(metavar="[USUÁRIO]", help="Nome do usuário na máquina (login).")
    ] = None,
    role: Roles = None,
    creditor: Creditors = None,
    first: Annotated[
        bool,
        typer.Option("--first", help="Torna você o primeiro administrador: só quem é dono dos arquivos da instalação."),
    ] = False,
) -> None:
    """Acrescenta um usuário, ou traz de volta quem foi tirado."""
    if first:
        if login or role or creditor:
            raise InvalidInput("--first vale para quem roda o comando. Use-o sozinho.", field="--first", code="uso")
        made = identity.add_first(session.protection, session.configuration)
        session.output.message(f"{identity.login_of(made.id)} é o primeiro administrador desta instalação.")
    else:
        if login is None:
            raise InvalidInput("Diga o usuário: o nome dele na máquina.", field="user", code="usuario")
        scope = _scope(session, creditor)
        made = session.protection.users.add(session.actor, identity.user_id_of(login), role or [], scope)
        session.output.message(f"{login} é usuário desta instalação.")
        if not identity.exists_here(identity.login_of(made.id)):
            session.output.message(f"Atenção: esta máquina não tem o usuário {login!r}. Confira o nome.")
    session.output.result(ui.user_record(made))


@command(users, "role")
def give_roles(session: Session, login: Login, role: Roles = None, creditor: Creditors = None) -> None:
    """Troca os papéis de um usuário, e as empresas que ele vê."""
    scope = _scope(session, creditor)
    changed = session.protection.users.set_roles(session.actor, identity.user_id_of(login), role or [], scope)
    session.output.message(f"Os papéis de {login} foram trocados.")
    session.output.result(ui.user_record(changed))


@command(users, "remove")
def remove(session: Session, login: Login) -> None:
    """Tira de um usuário todos os papéis. Um trabalhador que ele já iniciou continua até terminar."""
    removed = session.protection.users.remove(session.actor, identity.user_id_of(login))
    session.output.message(f"{login} não pode mais nada. Para trazê-lo de volta: credit-protection users add.")
    session.output.result(ui.user_record(removed))


def _scope(session: Session, given: list[str] | None) -> list[str] | None:
    """The ids of the named creditors. Raises `InvalidInput`: the ERP has none of that id or CNPJ."""
    if not given:
        return None
    known = {
        name: each.id
        for each in session.protection.integrations.creditors(session.actor)
        for name in (each.id, each.document.value, each.document.formatted)
    }
    if unknown := [name for name in given if name not in known]:
        raise InvalidInput(
            f"Não existe a empresa {unknown[0]!r}. Veja: credit-protection creditors list.",
            field="creditor",
            code="empresa",
        )
    return [known[name] for name in given]
