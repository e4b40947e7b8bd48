"""The gateways of one tenant: the providers that plugins give, and one configured gateway per integration."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from credit_protection.domain.bureau_answers import LookupResult, Receipt, RecordKey
from credit_protection.domain.capabilities import Capabilities
from credit_protection.domain.errors import InvalidInput
from credit_protection.domain.integrations import Environment, Integration
from credit_protection.domain.natures import InclusionNature
from credit_protection.domain.products import Product
from credit_protection.domain.queries import CreditReport
from credit_protection.domain.reasons import BureauReason
from credit_protection.domain.requests import InclusionOrder
from credit_protection.ports.bureau import BureauGateway, GatewayProvider, ListedRecord, QueryOrder, RemovalOrder
from credit_protection.ports.vault import Vault

log = logging.getLogger(__name__)


class SharedGateway(BureauGateway):
    """Counts the calls in flight. Thread-safe.

    A caller who was given it before it was closed may still call: it is opened for that call, under its own
    parameters.

    Args:
        create: makes the gateway.
    """

    def __init__(self, create: Callable[[], BureauGateway]) -> None:
        self._create = create
        self._gateway: BureauGateway | None = create()
        self._calls = 0
        self._is_closed = False
        self._lock = threading.Lock()

    @contextmanager
    def _call(self) -> Iterator[BureauGateway]:
        with self._lock:
            if self._gateway is None:
                self._gateway = self._create()
            gateway = self._gateway
            self._calls += 1
        try:
            yield gateway
        finally:
            with self._lock:
                self._calls -= 1
            self._close_where_idle()

    def _close_where_idle(self) -> None:
        with self._lock:
            if not self._is_closed or self._calls or self._gateway is None:
                return
            over, self._gateway = self._gateway, None
        over.close()

    def check(self) -> None:
        """Authenticate."""
        with self._call() as gateway:
            gateway.check()

    def products(self) -> Sequence[Product]:
        """List the products."""
        with self._call() as gateway:
            return gateway.products()

    def natures(self) -> Sequence[InclusionNature]:
        """List the natures."""
        with self._call() as gateway:
            return gateway.natures()

    def reasons(self) -> Sequence[BureauReason]:
        """List the removal reasons."""
        with self._call() as gateway:
            return gateway.reasons()

    def query(self, order: QueryOrder) -> CreditReport:
        """Send a paid query."""
        with self._call() as gateway:
            return gateway.query(order)

    def include(self, order: InclusionOrder) -> Receipt:
        """Include one record."""
        with self._call() as gateway:
            return gateway.include(order)

    def remove(self, order: RemovalOrder) -> Receipt:
        """Remove one record."""
        with self._call() as gateway:
            return gateway.remove(order)

    def find(self, key: RecordKey) -> LookupResult:
        """Look a record up."""
        with self._call() as gateway:
            return gateway.find(key)

    def list_records(self) -> Iterator[ListedRecord]:
        """List all records; the call ends with the last record, or when the iterator is closed."""
        with self._call() as gateway:
            yield from gateway.list_records()

    def close(self) -> None:
        """Close now where no call is in flight, else when the last one ends. Doesn't wait."""
        with self._lock:
            self._is_closed = True
        self._close_where_idle()


class GatewayRegistry:
    """Finds providers by code, and creates and keeps the gateway of each integration. Thread-safe."""

    def __init__(self, providers: Sequence[GatewayProvider], vault: Vault) -> None:
        self._providers = {provider.code: provider for provider in providers}
        self._vault = vault
        self._gateways: dict[str, tuple[object, SharedGateway]] = {}
        self._lock = threading.Lock()

    @property
    def providers(self) -> Mapping[str, GatewayProvider]:
        """By code."""
        return self._providers

    @property
    def installed(self) -> frozenset[str]:
        """The codes of the gateways that say what they can do."""
        return frozenset(code for code in self._providers if self.capabilities(code) is not None)

    def capabilities(self, code: str) -> Capabilities | None:
        """What the gateway with this code can do; None where no plugin offers it, or the plugin fails to say."""
        provider = self._providers.get(code)
        try:
            given: object = None if provider is None else provider.capabilities
        except Exception:
            log.exception("the gateway %s does not say what it can do: it is treated as not installed", code)
            return None
        return given if isinstance(given, Capabilities) else None

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

    def check(self, code: str, parameters: Mapping[str, str], environment: Environment) -> None:
        """Check that a gateway can be made from these parameters; no call is made. Raises `InvalidInput`."""
        self.provider(code).check(parameters, environment)

    def for_integration(self, integration: Integration) -> BureauGateway:
        """Return the gateway of an integration; a new one where its parameters changed since the last call.

        The one before it is closed when its last call ends, and nobody waits for that.
        """
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
            gateway = SharedGateway(self._opener(integration))
            self._gateways[integration.id] = (settings, gateway)
        if known is not None:
            known[1].close()
        return gateway

    @contextmanager
    def temporary(self, integration: Integration) -> Iterator[BureauGateway]:
        """A gateway for parameters that are not stored; closed at the end."""
        gateway = self._opener(integration)()
        try:
            yield gateway
        finally:
            gateway.close()

    def _opener(self, integration: Integration) -> Callable[[], BureauGateway]:
        secrets = {name: self._vault.decrypt(text) for name, text in integration.encrypted_parameters.items()}
        provider = self.provider(integration.gateway)
        parameters = {**integration.parameters, **secrets}
        return lambda: provider.create(parameters, integration.settings.environment)

    def close(self) -> None:
        """Close the connections of all gateways, of each when its last call ends."""
        with self._lock:
            gateways = [gateway for _, gateway in self._gateways.values()]
            self._gateways.clear()
        for gateway in gateways:
            gateway.close()
