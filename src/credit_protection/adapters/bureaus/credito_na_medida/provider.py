"""Crédito na Medida: its capabilities, its parameters, and how a gateway is created from them."""

from __future__ import annotations  # `http.Transport` would load httpx

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar

from credit_protection.adapters import http
from credit_protection.adapters.bureaus.credito_na_medida import codes
from credit_protection.adapters.bureaus.credito_na_medida.gateway import CreditoNaMedidaGateway
from credit_protection.adapters.bureaus.credito_na_medida.wire import requests
from credit_protection.adapters.bureaus.parameters import ParameterValues
from credit_protection.domain.capabilities import Capabilities, FieldLimit, Registry, RemovalKey
from credit_protection.domain.integrations import Environment
from credit_protection.domain.parameters import ParameterSpec
from credit_protection.ports.bureau import GatewayProvider

CAPABILITIES = Capabilities(
    registry=Registry.CREDITO_NA_MEDIDA,
    list_records=True,
    list_page_size=requests.PAGE_SIZE,
    grouping=True,
    removal_key=RemovalKey.ID,
    not_found_is_an_answer=True,
    reason_hints=MappingProxyType(codes.REASON_HINTS),
    field_limits=MappingProxyType(
        {"name": FieldLimit(70), "street": FieldLimit(70), "district": FieldLimit(20), "city": FieldLimit(20)}
    ),
)
"""As the contract declares; docs/gateways/credito_na_medida.md gives the reason of each."""

PARAMETERS = (
    ParameterSpec(
        "client_id",
        "Client ID",
        help="Usuário da API, fornecido pelo Crédito na Medida.",
        identifies_account=True,
    ),
    ParameterSpec("client_secret", "Client secret", secret=True, help="Senha da API, fornecida com o Client ID."),
    ParameterSpec(
        "base_url",
        "Endereço da API",
        help="Endereço base informado pelo Crédito na Medida, com https.",
        identifies_account=True,
        address=True,
    ),
    ParameterSpec(
        "credenciais",
        "Envio das credenciais",
        default="json",
        choices=("json", "form", "basic"),
        help="Como Client ID e secret são enviados na autenticação: corpo JSON, formulário ou HTTP Basic.",
        advanced=True,
    ),
    ParameterSpec(
        "permitir_pdf_externo",
        "Permitir PDF em outro endereço",
        default="nao",
        choices=("nao", "sim"),
        help="Se o relatório pode ser baixado de um endereço fora da API. A credencial nunca é enviada a ele.",
        advanced=True,
    ),
    ParameterSpec(
        "tempo_limite",
        "Tempo limite por chamada (segundos)",
        required=False,
        help="Tempo total de cada operação, de 1 até o limite do gateway (30). Em branco: o limite.",
        advanced=True,
    ),
    ParameterSpec(
        "conexoes",
        "Conexões simultâneas",
        default="32",
        help="Quantas chamadas podem correr ao mesmo tempo, de 1 a 256.",
        advanced=True,
    ),
)
_MAX_CONNECTIONS = 256


@dataclass(frozen=True)
class CreditoNaMedidaProvider(GatewayProvider):
    """The provider of `CreditoNaMedidaGateway`."""

    capabilities: Capabilities = CAPABILITIES
    """Others in tests that can't wait for a quiet period of minutes."""
    transport: http.Transport | None = None
    """Replaces the sockets in tests (`testing.faults`)."""
    code: ClassVar[str] = "credito_na_medida"
    name: ClassVar[str] = "Crédito na Medida"
    parameters: ClassVar[Sequence[ParameterSpec]] = PARAMETERS

    def create(self, parameters: Mapping[str, str], environment: Environment) -> CreditoNaMedidaGateway:
        """Create a gateway for one account; it makes no call yet. Raises `InvalidInput`: a value can't be used."""
        del environment  # the bureau has no test environment
        values = ParameterValues(self.parameters, parameters)
        client_id, form = values.text("client_id"), http.CredentialsForm(values.choice("credenciais"))
        if form is http.CredentialsForm.BASIC and ":" in client_id:
            raise values.invalid("client_id", "não pode conter dois-pontos quando o envio é basic")
        session = http.BureauSession(
            values.base_url("base_url"),
            http.ClientCredentials(requests.TOKEN_PATH, client_id, values.text("client_secret"), form),
            values.number("tempo_limite", self.capabilities.call_deadline.total_seconds()),
            connections=int(values.number("conexoes", _MAX_CONNECTIONS)),
            request_id_headers=(requests.PROTOCOL_HEADER, "x-request-id"),
            transport=self.transport,
        )
        return CreditoNaMedidaGateway(session, external_reports=values.choice("permitir_pdf_externo") == "sim")
