"""The parameters that a gateway needs; forms, prompts and docs are made from them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from credit_protection.domain.errors import InvalidInput


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


def check_parameters(
    specs: Iterable[ParameterSpec],
    given: Mapping[str, str],
    *,
    secrets_stored: AbstractSet[str] = frozenset(),
) -> dict[str, str]:
    """Check and complete what was filled in; `secrets_stored` are names of secrets that are already kept.

    A secret left blank is absent from what is returned, so that the stored one stays.

    Raises:
        InvalidInput: unknown name, missing required value, or a value outside the choices.
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
        if value:
            values[name] = value
    return values
