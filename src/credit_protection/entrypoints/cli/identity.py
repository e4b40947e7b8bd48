"""Who runs a command: the real user of the process, with what an administrator gave it in the database."""

from __future__ import annotations

import contextlib
import os
import pwd
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from credit_protection import Actor, Permission, PermissionDenied
from credit_protection.domain.actors import ADMINISTRATOR, WORKER
from credit_protection.domain.users import User, lowered

if TYPE_CHECKING:
    from pathlib import Path

    from credit_protection import Configuration, CreditProtection

_LAST_UID = 2**32 - 2
_PREFIX = "os:"


def user_id_of(login: str) -> str:
    """The id of the operating system's user with this login; a blank one has none."""
    return login if login.startswith(_PREFIX) or not login else f"{_PREFIX}{login}"


def login_of(user_id: str) -> str:
    """The login in an id."""
    return user_id.removeprefix(_PREFIX)


def process_user() -> tuple[str, str]:
    """The id and the shown name of the process's real user; no environment variable renames anybody.

    Who became root by sudo is noted beside it: sudo sets `SUDO_UID`, and only root's word for it counts.
    """
    login = _login(os.getuid())
    before = os.environ.get("SUDO_UID", "")
    if os.getuid() == 0 and before.isascii() and before.isdigit() and int(before) <= _LAST_UID:
        return user_id_of(login), f"{login} (por sudo: {_login(int(before))})"
    return user_id_of(login), login


def find_actor(protection: CreditProtection, configuration: Configuration) -> Actor:
    """The process's user as an actor, lowered by the configured roles.

    The command that creates the tables makes its user the first administrator. Who owns the installation's files and
    is no user transmits and reads, as a worker does, and no more.

    Raises:
        ConfigurationError: the database can't be used.
        PermissionDenied: the user was never added, or was removed; a configured role is blank or unknown.
    """
    user_id, name = process_user()
    user = protection.users.identify(user_id)
    storage = _storage(protection, configuration)
    is_owner = user is None and _owns_files(configuration, storage)
    if is_owner and getattr(storage, "has_created_tables", False):  # a plugin's storage does not tell
        with contextlib.suppress(PermissionDenied):  # another process was faster
            protection.users.add_first(user_id, name)
        user = protection.users.identify(user_id)
    if user is None and is_owner:
        user = User(user_id, frozenset({WORKER}), None, active=True, given_by="", given_at=datetime.now(UTC))
    if user is None:
        advice = f"Peça a um administrador: credit-protection users add {login_of(user_id)} --role PAPEL."
        raise PermissionDenied(f"{name} não é usuário desta instalação. {advice}")
    if not user.active:
        raise PermissionDenied(f"{name} foi tirado dos usuários desta instalação. Peça a um administrador.")
    return lowered(user.actor(name), configuration.role_limits)


def add_first(protection: CreditProtection, configuration: Configuration) -> User:
    """Make the process's user the first administrator.

    Raises:
        PermissionDenied: it does not own the installation's files, or there are users; a configured role forbids it.
    """
    user_id, name = process_user()
    administrator = Actor.with_role(user_id, name, ADMINISTRATOR)
    lowered(administrator, configuration.role_limits).require(Permission.MANAGE_USERS)
    has_any = protection.users.has_any()  # creates the folder and the tables where they are missing
    if not has_any and not _owns_files(configuration, _storage(protection, configuration)):
        raise PermissionDenied(
            f"{name} não é dono dos arquivos desta instalação ({configuration.home}): o primeiro administrador é quem "
            "o é. Rode este comando como esse usuário da máquina."
        )
    return protection.users.add_first(user_id, name)


def advice(protection: CreditProtection) -> str:
    """What to do about a refusal, where no administrator was ever named."""
    try:
        if protection.users.has_any():
            return ""
    except Exception:  # noqa: BLE001 - the refusal itself is what is reported
        return ""
    return (
        "Esta instalação ainda não tem administrador. Quem é dono dos seus arquivos o nomeia, na máquina: "
        "credit-protection users add --first."
    )


def exists_here(login: str) -> bool:
    """Whether this machine has a user with this login."""
    try:
        pwd.getpwnam(login)
    except KeyError:
        return False
    return True


def _storage(protection: CreditProtection, configuration: Configuration) -> object:
    from credit_protection.containers import container  # noqa: PLC0415 - loads every adapter

    return container(protection.tenant, configuration).storage()


def _owns_files(configuration: Configuration, storage: object) -> bool:
    """Whether the real user owns the home folder, and the key and the SQLite database where these are files."""
    database: Path | None = getattr(storage, "file", None)  # a plugin's storage may have none
    try:
        files = [each for each in (configuration.key_file, database) if each is not None and each.exists()]
        return all(path.stat().st_uid == os.getuid() for path in (configuration.home, *files))
    except OSError:
        return False


def _login(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:  # a user id without a name, as in a container
        return f"uid-{uid}"
