"""What a bureau gateway must offer: its author implements `GatewayKind` (what a plugin gives) and `BureauGateway`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from credit_protection.domain.bureau_answers import Found, Receipt, RecordKey, LookupResult
    from credit_protection.domain.capabilities import Capabilities
    from credit_protection.domain.documents import Document
    from credit_protection.domain.integrations import Environment
    from credit_protection.domain.natures import InclusionNature
    from credit_protection.domain.parameters import ParameterSpec
    from credit_protection.domain.products import Product
    from credit_protection.domain.queries import CreditReport, Purpose
    from credit_protection.domain.reasons import BureauReason, RemovalReason
    from credit_protection.domain.requests import InclusionOrder


@dataclass(frozen=True, slots=True)
class QueryOrder:
    """A credit query to send.

    Args:
        product_code: what is bought.
        document: about whom.
        purpose: legal basis.
        inputs: extra inputs by code.
    """

    product_code: str
    document: Document
    purpose: Purpose
    inputs: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RemovalOrder:
    """A removal to send.

    Args:
        key: which record.
        reason: the true one, decided at the claim; the gateway maps it to the bureau's code.
        creditor: the creditor's CNPJ.
    """

    key: RecordKey
    reason: RemovalReason
    creditor: Document


@dataclass(frozen=True, slots=True)
class ListedRecord:
    """A record as a bureau lists it, for adoption and reconciliation.

    Args:
        key: its key.
        amount: text as the bureau writes it, reais with a point.
        found: how it stands.
    """

    key: RecordKey
    amount: str
    found: Found


class BureauGateway(Protocol):
    """One configured account at one bureau.

    Thread-safe; every call has a total deadline; nothing is retried that costs money or reputation (`query`,
    `include`, `remove`).

    All methods raise the errors of `domain.errors`: `BureauUnavailable`, `RateLimited`, `CredentialsRejected`,
    `NoCredit`, `OutcomeUnknown`, `Refused`, `ProtocolError`.
    """

    def check(self) -> None:
        """Authenticate for real. Returns when the credentials are good."""
        ...

    def products(self) -> Sequence[Product]:
        """What the contract allows now."""
        ...

    def natures(self) -> Sequence[InclusionNature]:
        """The natures, with the persons that each is valid for."""
        ...

    def reasons(self) -> Sequence[BureauReason]:
        """The removal reasons, as the bureau lists them."""
        ...

    def query(self, order: QueryOrder) -> CreditReport:
        """Ask once, and pay. The answer is checked to be what was promised.

        Raises:
            OutcomeUnknown: the answer was lost after the request went out; it may have been paid.
            InvalidReport: the bytes are not what was promised.
        """
        ...

    def include(self, order: InclusionOrder) -> Receipt:
        """Include one record. Called outside any transaction, after the doubt was stored.

        Returns:
            `Done`, `Accepted` (outcome later; also where it had been received before) or `Rejected`.
        """
        ...

    def remove(self, order: RemovalOrder) -> Receipt:
        """Remove one record.

        Returns:
            `Done` (also where it was removed before, or nothing is there), `Accepted` or `Rejected`.

        Raises:
            InclusionStillProcessing: not executed: the inclusion has no outcome yet.
        """
        ...

    def find(self, key: RecordKey) -> LookupResult:
        """Look a record up: by the bureau's id where known, else by the natural key."""
        ...

    def list_records(self) -> Iterator[ListedRecord]:
        """All records, page by page (where `Capabilities.list_records`)."""
        ...

    def close(self) -> None:
        """Let go of connections."""
        ...


class GatewayKind(Protocol):
    """A kind of gateway that integrations can be registered for."""

    @property
    def code(self) -> str:
        """Stable, `[a-z_]+`: `credito_na_medida`."""
        ...

    @property
    def name(self) -> str:
        """As operators know it: `Crédito na Medida`."""
        ...

    @property
    def capabilities(self) -> Capabilities:
        """What it can do, and how it must be treated."""
        ...

    @property
    def parameters(self) -> Sequence[ParameterSpec]:
        """What must be filled in."""
        ...

    def open(self, parameters: Mapping[str, str], environment: Environment) -> BureauGateway:
        """Make a gateway for one integration; no call is made yet.

        Args:
            parameters: checked values, secrets opened.
            environment: production or test.

        Raises:
            InvalidInput: a value can't be used.
        """
        ...
