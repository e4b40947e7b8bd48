"""The parameters that a gateway needs; forms, prompts and docs are made from them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from credit_protection.domain.errors import InvalidInput

_PLACEHOLDER = re.compile(r"(?i)https?://(?:[^/?#]*[.@])?(?:invalid|example)\.?(?:[:/?#]|$)").match
"""An address of a domain that nobody has (RFC 2606)."""

_END_OF_ORIGIN = re.compile(r"[/\\?#]")


@dataclass(frozen=True, slots=True)
class ParameterSpec:
    """One parameter of a gateway.

    Args:
        name: key, as the bureau calls it (`client_id`).
        secret: encrypted at rest, never shown again, never logged.
        default: used where it is left empty.
        advanced: hidden on a form until the user opens it.
        choices: the only values accepted; empty for any.
        identifies_account: it says which account of the bureau is reached; never a secret.
        address: where the secrets are sent to, with or without a scheme. A value with `://` is one in any case.
    """

    name: str
    label: str
    secret: bool = False
    required: bool = True
    help: str = ""
    default: str = ""
    advanced: bool = False
    choices: tuple[str, ...] = ()
    identifies_account: bool = False
    address: bool = False


def check_parameters(
    specs: Iterable[ParameterSpec],
    given: Mapping[str, str],
    *,
    secrets_stored: AbstractSet[str] = frozenset(),
) -> dict[str, str]:
    """Check and complete what was filled in; `secrets_stored` are names of secrets that are already kept.

    A secret left blank is absent from what is returned, so that the stored one stays.

    Raises:
        InvalidInput: unknown name, missing required value, a value outside the choices, or the address of an example.
    """
    by_name = {spec.name: spec for spec in specs}
    for name in given:
        if name not in by_name:
            known = ", ".join(by_name)
            raise InvalidInput(
                f"O gateway não tem o parâmetro {name}. Use: {known}.", field=name, code="parametro_desconhecido"
            )
    values: dict[str, str] = {}
    for name, spec in by_name.items():
        value = given.get(name, "").strip()
        if not value and spec.secret and name in secrets_stored:
            continue
        value = value or spec.default
        if not value and spec.required:
            raise InvalidInput(
                f"Preencha {spec.label} ({name}). {spec.help}".strip(), field=name, code="parametro_obrigatorio"
            )
        if value and spec.choices and value not in spec.choices:
            raise InvalidInput(
                f"{spec.label} ({name}) deve ser um destes: {', '.join(spec.choices)}.",
                field=name,
                code="parametro_invalido",
            )
        if value and _PLACEHOLDER(value):
            raise InvalidInput(
                f"{spec.label} ({name}) é só um exemplo: {value}. Preencha o endereço de verdade. {spec.help}".strip(),
                field=name,
                code="parametro_invalido",
            )
        if value:
            values[name] = value
    return values


def require_secrets_anew(specs: Iterable[ParameterSpec], before: Mapping[str, str], given: Mapping[str, str]) -> None:
    """Require the secrets with an address of another origin: who may set an address must not learn a stored secret.

    `before` are the stored plain values, `given` what an edit changes.

    Raises:
        InvalidInput: a secret is missing.
    """
    by_name = {spec.name: spec for spec in specs}
    moved = [
        spec
        for name, spec in by_name.items()
        if not spec.secret and name in given and _moves(spec, before.get(name, ""), given[name].strip() or spec.default)
    ]
    missing = [spec for spec in by_name.values() if spec.secret and not given.get(spec.name, "").strip()]
    if moved and missing:
        labels = ", ".join(f"{spec.label} (--secret {spec.name})" for spec in missing)
        raise InvalidInput(
            f"{moved[0].label} passa a ser de outro servidor, e um segredo guardado não é enviado a ele. Preencha de "
            f"novo, na mesma alteração: {labels}.",
            field=missing[0].name,
            code="segredos_de_novo",
        )


def _moves(spec: ParameterSpec, before: str, after: str) -> bool:
    is_address = spec.address or "://" in before or "://" in after
    return is_address and _origin(before) != _origin(after)


def _origin(address: str) -> str:
    """What stands before the path, as it is written, in lower case: written otherwise it counts as another one."""
    scheme, separator, rest = address.strip().lower().partition("://")
    if not separator:
        scheme, rest = "", scheme
    return f"{scheme}{separator}{_END_OF_ORIGIN.split(rest, maxsplit=1)[0]}"
