"""The configured URL reaches libpq in a form that it reads as SQLAlchemy does, so that no error quotes a password."""

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from credit_protection.adapters.postgresql import libpq_url, session_options
from credit_protection.adapters.storage.sqlalchemy.engine import make_engine

READ = [
    ("ana:s3nha@db/erp", {"user": "ana", "password": "s3nha", "host": "db", "dbname": "erp"}),
    ("ana:a%b@db/erp", {"user": "ana", "password": "a%b", "host": "db", "dbname": "erp"}),
    ("ana:a%b@c@db:5433/erp", {"user": "ana", "password": "a%b@c", "host": "db", "port": "5433", "dbname": "erp"}),
    ("ana:a%25b%40c@db/erp", {"user": "ana", "password": "a%b@c", "host": "db", "dbname": "erp"}),
    ("ana:s/3?#x@db/erp", {"user": "ana", "password": "s/3?#x", "host": "db", "dbname": "erp"}),
    ("ana%40sede:x@db/erp", {"user": "ana@sede", "password": "x", "host": "db", "dbname": "erp"}),
    ("ana@sede:x@db/erp", {"user": "ana@sede", "password": "x", "host": "db", "dbname": "erp"}),
    ("ana@db/erp?application_name=me@home", {"user": "ana", "host": "db", "dbname": "erp"}),
    ("ana@[::1]:5433/erp", {"user": "ana", "host": "::1", "port": "5433", "dbname": "erp"}),
    ("/erp?host=/run/postgresql&password=a%zz", {"password": "a%zz", "host": "/run/postgresql", "dbname": "erp"}),
    ("", {}),
]


@pytest.mark.parametrize(("rest", "expected"), READ)
@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg"])
def test_libpq_and_sqlalchemy_read_the_same_parts(scheme: str, rest: str, expected: dict[str, str]) -> None:
    url = f"{scheme}://{rest}"
    read = {name: value for name, value in conninfo_to_dict(libpq_url(url)).items() if name != "application_name"}
    assert read == expected
    engine = make_engine(url)
    _, connect = engine.dialect.create_connect_args(engine.url)
    assert {name: str(value) for name, value in connect.items() if name in expected} == expected
    engine.dispose()


def test_error_of_libpq_quotes_no_password() -> None:
    with pytest.raises(psycopg.OperationalError) as failed:
        psycopg.connect(libpq_url("postgresql://ana:a%b@c@127.0.0.1:1/erp"), connect_timeout=1)
    assert "a%b" not in str(failed.value)


def test_options_of_the_url_are_kept() -> None:
    url = "postgresql://ana:a%b@c@db/erp?options=-c%20statement_timeout%3D1000"
    assert session_options(url, "protecao") == "-c statement_timeout=1000 -c search_path=protecao"
