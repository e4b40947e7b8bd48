"""Marked secrets and people in play through the whole story and every error, searched for wherever they may not be.

The story runs by the command line at log level DEBUG, against a bureau that repeats everything that it is sent.
"""

from __future__ import annotations

import base64
import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path

from credit_protection import Configuration, CreditProtection
from credit_protection.adapters.hosts.local import LocalErp
from tests.attacks.hostile_answers import HostileAnswer, Truth
from tests.attacks.hostile_bureau import CPF, SECRET, TOKEN, http
from tests.attacks.hostile_files import prepared, run
from tests.attacks.state_attack import Bureau
from tests.entrypoints.command_line import ADMINISTRATOR

CUSTOMER = "9001"
PASSWORD = "SENHA-CANARIO-q7w8e9"
STATUSES = (200, 400, 401, 402, 403, 404, 409, 422, 429, 500, 503)
OPERATIONS = (
    "POST /oauth/token",
    "GET /v1/produtos",
    "POST /v1/consultas",
    "POST /v1/negativacoes",
    "DELETE /v1/negativacoes",
    "GET /v1/negativacoes",
)
DOCUMENT_COLUMNS = frozenset(
    {"cp_negativation.document", "cp_credit_query.document", "cp_divergence.document", "cp_reading.content"}
)
NAME_COLUMNS = frozenset({"cp_negativation.customer_name"})
"""Where the database may have the person."""


def encodings(value: str) -> Iterator[str]:
    """A marked text as it may hide."""
    content = value.encode()
    yield value
    yield base64.b64encode(content).decode().rstrip("=")
    yield content.hex()
    yield content[::-1].decode()
    yield json.dumps(value)[1:-1].replace("/", "\\/")


@dataclass
class Canary:
    """One installation, and all that was seen outside it."""

    folder: Path
    bureau: Bureau
    name: str
    shown: list[tuple[str, str, str]] = field(default_factory=list)
    """Of each command: its words, what it printed, what it logged."""
    crashes: list[str] = field(default_factory=list)

    @property
    def home(self) -> Path:
        return self.folder / "home"

    def run(self, *arguments: str, environment: dict[str, str] | None = None) -> None:
        """Run a command, as text and as JSON where it has both."""
        given = {"CREDIT_PROTECTION_LOG_LEVEL": "DEBUG", **(environment or {})}
        for form in ((), ("--json",)):
            code, output, log, _, was_killed = run([*arguments, *form], self.home, given)
            self.shown.append((" ".join([*arguments, *form]), output, log))
            if was_killed or code not in {0, 1, 2, 3, 4, 5, 6}:
                self.crashes.append(f"{arguments}: exit code {code}: {log[-300:]}")


def repeated(status: int, token: str = TOKEN) -> HostileAnswer:
    """An answer that repeats secret, token and document, plain and encoded, in its headers and its body."""

    def make(truth: Truth) -> bytes:
        del truth
        said = f"{SECRET} {token} {CPF} {base64.b64encode(SECRET.encode()).decode()} {token.encode().hex()}"
        body = {"codigo": SECRET, "mensagem": said, "campo": token, "id": token, "documento": CPF, "erro": said}
        return http(status, body, headers={"X-Protocolo": SECRET, "X-Debug": said, "WWW-Authenticate": said})

    return HostileAnswer(make)


def told(folder: Path, statuses: Sequence[int] = STATUSES) -> Canary:
    """Tell the whole story; returns what was seen."""
    bureau = Bureau()
    home = folder / "home"
    protection = CreditProtection("canary", Configuration(home, f"sqlite:///{home / 'credit_protection.sqlite'}"))
    try:
        (integration,) = protection.integrations.list(ADMINISTRATOR)
        protection.integrations.edit(
            ADMINISTRATOR,
            integration.id,
            parameters={"client_id": "demo", "client_secret": SECRET, "base_url": bureau.server.url},
        )
    finally:
        protection.close()
    customer = LocalErp(home / "erp.sqlite").customers([CUSTOMER])[CUSTOMER]
    story = Canary(folder, bureau, customer.name)
    try:
        _tell(story, statuses)
    finally:
        bureau.server.stop()
    return story


def _tell(story: Canary, statuses: Sequence[int]) -> None:
    report = story.folder / "report.pdf"
    for command in (
        ("integration", "test"),
        ("products", "sync"),
        ("integration", "show"),
        ("query", "--customer", CUSTOMER, "-p", "ESSENCIAL", "--force", "--output", str(report)),
        ("queries", "list"),
        ("customers", "find", "9001"),
        ("negativate", "--customer", CUSTOMER, "--invoice", "60003", "--nature", "DEV", "--yes"),
        ("removals", "run", "--timeout", "5"),
        ("negativations", "list"),
        ("reconcile",),
        ("divergences", "list"),
    ):
        story.run(*command)
    for operation in OPERATIONS:
        for status in statuses:
            is_refused_login = operation == "POST /oauth/token" and status != HTTPStatus.OK  # then no token was given
            story.bureau.attacked = operation
            story.bureau.hostile = repeated(status, "x" * 40 if is_refused_login else TOKEN)
            for each in _commands_of(operation):
                story.run(*each)
    story.run("invoices", "pay", "60003")
    for status in (500, 422):
        story.bureau.attacked, story.bureau.hostile = "DELETE /v1/negativacoes", repeated(status)
        story.run("removals", "run", "--timeout", "1")
    story.bureau.attacked = ""
    url = f"postgresql+psycopg://canario:{PASSWORD}@127.0.0.1:1/canario"
    story.run("integration", "list", environment={"CREDIT_PROTECTION_DATABASE_URL": url})
    for command in (
        ("removals", "run", "--timeout", "5"),
        ("removals", "list"),
        ("removals", "check"),
        ("negativations", "list"),
        ("audit", "list"),
        ("plugins", "list"),
        ("sweep",),
    ):
        story.run(*command)


def _commands_of(operation: str) -> tuple[tuple[str, ...], ...]:
    match operation:
        case "POST /oauth/token" | "GET /v1/produtos":
            return (("integration", "test"), ("products", "sync"))
        case "POST /v1/consultas":
            return (("query", "--customer", CUSTOMER, "-p", "ESSENCIAL", "--force"),)
        case "GET /v1/negativacoes":
            return (("reconcile",),)
        case _:
            return (("removals", "run", "--timeout", "1"),)


def found(story: Canary) -> list[str]:
    """Where a marked text was seen that may not be there."""
    return [*story.crashes, *_in_what_was_shown(story), *_in_files(story), *_in_the_database(story)]


def _in_what_was_shown(story: Canary) -> Iterator[str]:
    for command, output, log in story.shown:
        for what, value in (("the secret", SECRET), ("the token", TOKEN), ("the password", PASSWORD)):
            if any(form in output + log for form in encodings(value)):
                yield f"{command}: shows {what}"
        if CPF in log or CPF in output:
            yield f"{command}: shows the document"
        if story.name in log:
            yield f"{command}: logs the name"
        if "Traceback" in output:
            yield f"{command}: prints a traceback"


def _in_files(story: Canary) -> Iterator[str]:
    for path in story.folder.rglob("*"):
        if path.is_file() and path.name != "key":
            content = path.read_bytes()
            for what, value in (("the secret", SECRET), ("the token", TOKEN), ("the password", PASSWORD)):
                if any(form.encode() in content for form in encodings(value)):
                    yield f"{path.name}: has {what}"


def _in_the_database(story: Canary) -> Iterator[str]:
    with closing(sqlite3.connect(story.home / "credit_protection.sqlite")) as database:
        tables = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for table in tables:
            columns = [row[1] for row in database.execute(f"PRAGMA table_info({table})")]
            for row in database.execute(f"SELECT * FROM {table}"):  # noqa: S608 - a name of the database's own
                for column, value in zip(columns, row, strict=True):
                    place = f"{table}.{column}"
                    text = value if isinstance(value, str) else ""
                    if CPF in text and place not in DOCUMENT_COLUMNS:
                        yield f"{place}: has the document"
                    if story.name in text and place not in NAME_COLUMNS:
                        yield f"{place}: has the name"


def attack(statuses: Sequence[int] = STATUSES) -> tuple[int, list[str]]:
    """How many commands were run, and each leak once."""
    with prepared() as folder:
        story = told(folder, statuses)
        return len(story.shown), sorted(set(found(story)))
