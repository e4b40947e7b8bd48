"""Reads the values that an operator filled in for a gateway's parameters."""

import math
from collections.abc import Iterable, Mapping

from credit_protection.adapters.http.addresses import parse_address
from credit_protection.domain.errors import InvalidInput
from credit_protection.domain.parameters import ParameterSpec


class ParameterValues:
    """Values of parameters, completed by their defaults. Methods raise `InvalidInput` with the parameter as field."""

    def __init__(self, specs: Iterable[ParameterSpec], values: Mapping[str, str]) -> None:
        self._specs = {spec.name: spec for spec in specs}
        self._values = {name: values.get(name, "").strip() or spec.default for name, spec in self._specs.items()}

    def text(self, name: str) -> str:
        """The value as it is."""
        return self._values[name]

    def choice(self, name: str) -> str:
        """The value, if it is one of the declared choices."""
        choices = self._specs[name].choices
        if self._values[name] not in choices:
            raise self.invalid(name, f"deve ser um destes: {', '.join(choices)}")
        return self._values[name]

    def number(self, name: str, maximum: float) -> float:
        """A number from 1 to the maximum (or the maximum alone, if it is below 1); the maximum where it is blank."""
        if not self._values[name]:
            return maximum
        try:
            number = float(self._values[name].replace(",", "."))
        except ValueError:
            number = math.nan
        if not min(1.0, maximum) <= number <= maximum:
            raise self.invalid(name, f"deve ser um número de 1 a {maximum:g}")
        return number

    def base_url(self, name: str) -> str:
        """A base address without its last slash: https, or http to this machine, since http would expose secrets.

        It is parsed here, once, and given in the form in which every other parser finds the same host.
        """
        text = self._values[name]
        if "@" in text or not text.isascii() or not text.isprintable() or " " in text:
            raise self.invalid(name, "não pode conter usuário, senha, espaços ou acentos")
        address = parse_address(text)
        if address is None or address.query or not text.startswith(("http://", "https://")):
            raise self.invalid(name, "deve ser um endereço como https://api.exemplo.com.br")
        if address.scheme == "http" and not address.is_loopback:
            raise self.invalid(name, "deve usar https; http só é aceito para esta própria máquina (127.0.0.1)")
        return str(address).rstrip("/")

    def invalid(self, name: str, problem: str) -> InvalidInput:
        """The error for a value; `problem` continues a Portuguese sentence that begins with the parameter's label."""
        return InvalidInput(f"{self._specs[name].label} ({name}) {problem}.", field=name, code="parametro_invalido")
