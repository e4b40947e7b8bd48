"""The gateways of one tenant: the providers that plugins give, and one configured gateway per integration."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from credit_protection.domain.errors import InvalidInput
from credit_protection.domain.integrations import Integration
from credit_protection.ports.bureau import BureauGateway, GatewayProvider
from credit_protection.ports.vault import Vault


class GatewayRegistry:
    """Finds providers by code, and creates and keeps the gateway of each integration. Thread-safe."""

    def __init__(self, providers: Sequence[GatewayProvider], vault: Vault) -> None:
        self._providers = {provider.code: provider for provider in providers}
        self._vault = vault
        self._gateways: dict[str, tuple[object, BureauGateway]] = {}
        self._lock = threading.Lock()

    @property
    def providers(self) -> Mapping[str, GatewayProvider]:
        """By code."""
        return self._providers

    def provider(self, code: str) -> GatewayProvider:
        """Return the provider with this code.

        Raises:
            InvalidInput: no plugin offers it.
        """
        if code not in self._providers:
            known = ", ".join(sorted(self._providers)) or "nenhum"
            message = f"Não existe o gateway {code!r}. Instalados: {known}."
            raise InvalidInput(message, field="gateway", code="gateway_desconhecido")
        return self._providers[code]

    def for_integration(self, integration: Integration) -> BureauGateway:
        """Return the gateway of an integration; a new one where its parameters changed since the last call."""
        settings = (
            integration.gateway,
            dict(integration.parameters),
            dict(integration.encrypted_parameters),
            integration.settings.environment,
        )
        with self._lock:
            known = self._gateways.get(integration.id)
            if known is not None and known[0] == settings:
                return known[1]
            gateway = self._create(integration)
            self._gateways[integration.id] = (settings, gateway)
        if known is not None:
            known[1].close()
        return gateway

    @contextmanager
    def temporary(self, integration: Integration) -> Iterator[BureauGateway]:
        """A gateway for parameters that are not stored; closed at the end."""
        gateway = self._create(integration)
        try:
            yield gateway
        finally:
            gateway.close()

    def _create(self, integration: Integration) -> BureauGateway:
        secrets = {name: self._vault.decrypt(text) for name, text in integration.encrypted_parameters.items()}
        provider = self.provider(integration.gateway)
        return provider.create({**integration.parameters, **secrets}, integration.settings.environment)

    def close(self) -> None:
        """Close the connections of all gateways."""
        with self._lock:
            gateways = [gateway for _, gateway in self._gateways.values()]
            self._gateways.clear()
        for gateway in gateways:
            gateway.close()
