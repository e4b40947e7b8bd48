"""What a gateway's author implements: `GatewayProvider`, which a plugin gives, and the `BureauGateway` it creates."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from credit_protection.domain.bureau_answers import LookupResult, Receipt, RecordFound, RecordKey
from credit_protection.domain.capabilities import Capabilities
from credit_protection.domain.documents import Document
from credit_protection.domain.errors import ConfigurationError
from credit_protection.domain.integrations import Environment
from credit_protection.domain.natures import InclusionNature
from credit_protection.domain.parameters import ParameterSpec
from credit_protection.domain.products import Product
from credit_protection.domain.queries import CreditReport, Purpose
from credit_protection.domain.reasons import BureauReason, RemovalReason
from credit_protection.domain.requests import InclusionOrder


@dataclass(frozen=True, slots=True)
class QueryOrder:
    """A credit query to send: the product to buy, whom it is about, the legal basis, and extra inputs by code."""

    product_code: str
    document: Document
    purpose: Purpose
    inputs: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RemovalOrder:
    """A removal to send; `creditor` is the creditor's CNPJ.

    The reason is the actual one, decided at the claim. `reason_code` is the bureau's code for it, by the integration's
    map; empty where the bureau never listed one: then the gateway sends its own default. Return
    `Rejected(reason_unknown=True)` where the bureau does not know the code: another one is tried.
    """

    key: RecordKey
    reason: RemovalReason
    creditor: Document
    reason_code: str = ""


@dataclass(frozen=True, slots=True)
class ListedRecord:
    """A record as a bureau lists it, for adoption and reconciliation.

    `amount` is BRL with a decimal point; `nature_code` is empty where the bureau does not list it.
    """

    key: RecordKey
    amount: str
    found: RecordFound
    nature_code: str = ""


class BureauGateway(Protocol):
    """One configured account at one bureau. Subclass it: a required member that is missing fails at construction.

    Every method may be called from several threads at once and has a total deadline. `query`, `include` and `remove`
    cost money or reputation: the gateway never retries them.

    All methods raise the errors of `domain.errors`: `BureauUnavailable`, `RateLimited`, `CredentialsRejected`,
    `NoCredit`, `OutcomeUnknown`, `Refused`, `ProtocolError`.
    """

    @abstractmethod
    def check(self) -> None:
        """Authenticate for real. Returns when the credentials are good."""

    @abstractmethod
    def products(self) -> Sequence[Product]:
        """The products that the contract allows now."""

    @abstractmethod
    def natures(self) -> Sequence[InclusionNature]:
        """The inclusion natures, with the persons that each is valid for."""

    @abstractmethod
    def reasons(self) -> Sequence[BureauReason]:
        """The removal reasons, as the bureau lists them."""

    @abstractmethod
    def query(self, order: QueryOrder) -> CreditReport:
        """Send a paid query, once, and check that the answer has the declared form.

        Raises:
            OutcomeUnknown: the answer was lost after the request went out; it may have been paid.
            InvalidReport: the bytes do not have the declared form. Its `answer` has them: they may have been paid for.
        """

    @abstractmethod
    def include(self, order: InclusionOrder) -> Receipt:
        """Include one record. Called outside any transaction, after "in doubt" was stored.

        Returns:
            `Done`, `Accepted` (the outcome comes later; also for a repeated request) or `Rejected`.
        """

    @abstractmethod
    def remove(self, order: RemovalOrder) -> Receipt:
        """Remove one record.

        Returns:
            `Done` (also where it was removed before or does not exist), `Accepted` or `Rejected`.

        Raises:
            InclusionStillProcessing: not executed: the inclusion has no outcome yet.
        """

    @abstractmethod
    def find(self, key: RecordKey) -> LookupResult:
        """Look a record up: by the bureau's id where known, else by the natural key."""

    def list_records(self) -> Iterator[ListedRecord]:
        """All records, page by page. Called only where `Capabilities.list_records` is declared.

        Raises:
            ConfigurationError: the gateway declares it and does not implement it.
        """
        raise ConfigurationError(
            f"O gateway declara list_records e não implementa {type(self).__name__}.list_records.",
            code="gateway_incompleto",
        )

    def close(self) -> None:
        """Close the connections, where there are any."""


class GatewayProvider(Protocol):
    """A bureau that integrations can be registered for: what a plugin gives. Subclass it, as `BureauGateway`."""

    @property
    @abstractmethod
    def code(self) -> str:
        """Stable, `[a-z_]+`: `credito_na_medida`."""

    @property
    @abstractmethod
    def name(self) -> str:
        """As operators know it: `Crédito na Medida`."""

    @property
    @abstractmethod
    def capabilities(self) -> Capabilities:
        """What it can do, its limits and its deadlines."""

    @property
    @abstractmethod
    def parameters(self) -> Sequence[ParameterSpec]:
        """The parameters that an operator fills in."""

    @abstractmethod
    def create(self, parameters: Mapping[str, str], environment: Environment) -> BureauGateway:
        """Make a gateway for one integration from checked values, secrets decrypted; no call is made yet.

        Raises:
            InvalidInput: a value can't be used.
        """

    def check(self, parameters: Mapping[str, str], environment: Environment) -> None:
        """Check that a gateway can be made from these values, before they are stored; secrets that stay are stand-ins.

        The default makes one and closes it.

        Raises:
            InvalidInput: a value can't be used.
        """
        self.create(parameters, environment).close()
