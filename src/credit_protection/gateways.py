"""What the author of a bureau's gateway needs.

Implement `GatewayProvider` (what a plugin contributes by the hook `credit_protection_bureaus`) and `BureauGateway` (one
configured account). The names of the HTTP session load an HTTP library, so they are imported when they are first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from credit_protection._lazy import lazy_names
from credit_protection.domain.bureau_answers import (
    Accepted,
    Done,
    ExecutionResult,
    LookupResult,
    Receipt,
    RecordFound,
    RecordKey,
    RecordNotFound,
    RecordState,
    Rejected,
)
from credit_protection.domain.capabilities import (
    Backoff,
    Capabilities,
    FieldLimit,
    Overflow,
    Registry,
    RemovalKey,
)
from credit_protection.domain.documents import Cnpj, Cpf, Document, PersonType, parse_document
from credit_protection.domain.errors import (
    BureauError,
    BureauUnavailable,
    CredentialsRejected,
    Fault,
    InclusionStillProcessing,
    InvalidInput,
    InvalidReport,
    NoCredit,
    OutcomeUnknown,
    ProtocolError,
    RateLimited,
    ReceivedAnswer,
    Refused,
)
from credit_protection.domain.integrations import Environment
from credit_protection.domain.money import Money
from credit_protection.domain.natures import InclusionNature, persons_in
from credit_protection.domain.parameters import ParameterSpec
from credit_protection.domain.products import Product, ProductInput, ProductKind
from credit_protection.domain.queries import (
    PDF,
    CreditReport,
    DocumentReport,
    Purpose,
    StructuredReport,
    check_document_bytes,
)
from credit_protection.domain.reasons import BureauReason, RemovalReason
from credit_protection.domain.requests import InclusionOrder, inclusion_order
from credit_protection.ports.bureau import BureauGateway, GatewayProvider, ListedRecord, QueryOrder, RemovalOrder

if TYPE_CHECKING:
    from credit_protection.adapters.bureaus.json_answers import (
        JsonObject,
        Unreadable,
        display_text,
        optional_text,
        read_code,
        read_items,
        read_object,
        read_word,
        required_text,
    )
    from credit_protection.adapters.bureaus.parameters import ParameterValues
    from credit_protection.adapters.bureaus.pdf_reports import check_pdf
    from credit_protection.adapters.http import (
        BureauSession,
        ClientCredentials,
        CredentialsForm,
        Deadline,
        HttpCall,
        HttpReply,
        Transport,
        mask,
    )

__all__ = [
    "PDF",
    "Accepted",
    "Backoff",
    "BureauError",
    "BureauGateway",
    "BureauReason",
    "BureauSession",
    "BureauUnavailable",
    "Capabilities",
    "ClientCredentials",
    "Cnpj",
    "Cpf",
    "CredentialsForm",
    "CredentialsRejected",
    "CreditReport",
    "Deadline",
    "Document",
    "DocumentReport",
    "Done",
    "Environment",
    "ExecutionResult",
    "Fault",
    "FieldLimit",
    "GatewayProvider",
    "HttpCall",
    "HttpReply",
    "InclusionNature",
    "InclusionOrder",
    "InclusionStillProcessing",
    "InvalidInput",
    "InvalidReport",
    "JsonObject",
    "ListedRecord",
    "LookupResult",
    "Money",
    "NoCredit",
    "OutcomeUnknown",
    "Overflow",
    "ParameterSpec",
    "ParameterValues",
    "PersonType",
    "Product",
    "ProductInput",
    "ProductKind",
    "ProtocolError",
    "Purpose",
    "QueryOrder",
    "RateLimited",
    "Receipt",
    "ReceivedAnswer",
    "RecordFound",
    "RecordKey",
    "RecordNotFound",
    "RecordState",
    "Refused",
    "Registry",
    "Rejected",
    "RemovalKey",
    "RemovalOrder",
    "RemovalReason",
    "StructuredReport",
    "Transport",
    "Unreadable",
    "check_document_bytes",
    "check_pdf",
    "display_text",
    "inclusion_order",
    "mask",
    "optional_text",
    "parse_document",
    "persons_in",
    "read_code",
    "read_items",
    "read_object",
    "read_word",
    "required_text",
]

__getattr__ = lazy_names(
    __name__,
    {
        "adapters.bureaus.json_answers": (
            "JsonObject Unreadable display_text optional_text read_code read_items read_object read_word required_text"
        ),
        "adapters.bureaus.parameters": "ParameterValues",
        "adapters.bureaus.pdf_reports": "check_pdf",
        "adapters.http": "BureauSession ClientCredentials CredentialsForm Deadline HttpCall HttpReply Transport mask",
    },
)
