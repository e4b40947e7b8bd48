import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from credit_protection.adapters.storage.sqlalchemy import SqlStorage, migrations
from credit_protection.adapters.storage.sqlalchemy.engine import make_engine
from credit_protection.adapters.storage.sqlalchemy.migrations import HEAD, VERSION_TABLE, _locked, downgrade, upgrade
from credit_protection.adapters.storage.sqlalchemy.tables import METADATA
from credit_protection.domain.errors import ConfigurationError
from credit_protection.testing import samples

if TYPE_CHECKING:
    from tests.postgresql import NewDatabase

BOTH = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)]
MIGRATE = """
import sys
from credit_protection.adapters.storage.sqlalchemy import SqlStorage
SqlStorage(sys.argv[1]).migrate()
print("alembic" in sys.modules)
"""


def new_url(kind: str, request: pytest.FixtureRequest, folder: Path, name: str) -> str:
    if kind == "sqlite":
        return f"sqlite:///{folder / name}.db"
    make: NewDatabase = request.getfixturevalue("new_database")
    return make()


@pytest.fixture(params=BOTH)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return new_url(request.param, request, tmp_path, "store")


@pytest.fixture
def engine(url: str) -> Iterator[sa.Engine]:
    engine = make_engine(url)
    yield engine
    engine.dispose()


@pytest.fixture(params=BOTH)
def twins(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[sa.Engine, sa.Engine]]:
    """A migrated database, and one created from the declared tables."""
    engines = [make_engine(new_url(request.param, request, tmp_path, name)) for name in ("migrated", "declared")]
    upgrade(engines[0])
    METADATA.create_all(engines[1])
    yield engines[0], engines[1]
    for engine in engines:
        engine.dispose()


def declared(engine: sa.Engine) -> set[str]:
    """The database's description of our tables, columns in order."""
    inspector = sa.inspect(engine)
    description = {
        f"{table}.{number}: {column['name']} {column['type']} {column['nullable']} {column['default']}"
        for table in inspector.get_table_names()
        for number, column in enumerate(inspector.get_columns(table))
    }
    if engine.dialect.name == "postgresql":
        indexes = "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'"
    else:
        indexes = "SELECT sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
    with engine.connect() as connection:
        description |= {row[0] for row in connection.exec_driver_sql(indexes)}
    for table in inspector.get_table_names():
        description.add(f"{table} {inspector.get_pk_constraint(table)}")
        description |= {f"{table} {each}" for each in inspector.get_foreign_keys(table)}
        description |= {f"{table} {each}" for each in inspector.get_unique_constraints(table)}
    return {each for each in description if VERSION_TABLE not in each}


def tables_of(engine: sa.Engine) -> set[str]:
    return set(sa.inspect(engine).get_table_names())


def fill(engine: sa.Engine) -> None:
    storage = SqlStorage.from_engine(engine)
    with storage.unit() as unit:
        unit.integrations.add(samples.integration())
        unit.integrations.save_products("integration-1", samples.products())
        unit.negativations.add(samples.full_negativation())
        unit.negativations.append([samples.event()])
        unit.settlements.record("local", samples.settlement(), samples.NOW)
        unit.commit()


def test_head_is_the_newest_revision() -> None:
    config = Config()
    config.set_main_option("script_location", "credit_protection.adapters.storage.sqlalchemy:migrations")
    assert ScriptDirectory.from_config(config).get_heads() == [HEAD]


def test_migrations_create_the_declared_tables(twins: tuple[sa.Engine, sa.Engine]) -> None:
    migrated, made = twins
    assert declared(migrated) == declared(made)
    with migrated.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE, "compare_type": True})
        assert compare_metadata(context, METADATA) == []


def test_every_table_has_the_prefix(engine: sa.Engine) -> None:
    upgrade(engine)
    assert {name for name in tables_of(engine) if not name.startswith("cp_")} == set()
    assert tables_of(engine) == {VERSION_TABLE, *METADATA.tables}


def test_down_and_up_again_with_data_leaves_the_hosts_tables_untouched(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE host_customer (name TEXT)"))
        connection.execute(sa.text("INSERT INTO host_customer VALUES ('João')"))
    upgrade(engine)
    fill(engine)
    downgrade(engine, "base")
    assert tables_of(engine) == {VERSION_TABLE, "host_customer"}
    upgrade(engine)
    fill(engine)
    with engine.connect() as connection:
        assert connection.execute(sa.text("SELECT name FROM host_customer")).all() == [("João",)]


def test_an_upgrade_keeps_the_data(engine: sa.Engine) -> None:
    upgrade(engine)
    fill(engine)
    upgrade(engine)
    with SqlStorage.from_engine(engine).read_only() as unit:
        assert unit.negativations.get("negativation-1") == samples.full_negativation()


NEXT_REVISION = """
import sqlalchemy as sa
from alembic import op
revision, down_revision = "v0004", "v0003"
def upgrade():
    op.add_column("cp_integration", sa.Column("colour", sa.Text, nullable=False, server_default="blue"))
def downgrade():
    op.drop_column("cp_integration", "colour")
"""


@pytest.fixture
def next_revision(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A later version of the program, whose second revision adds a column."""
    (tmp_path / "v0004_next.py").write_text(NEXT_REVISION)
    plain_config = migrations._config

    def config(connection: sa.Connection, schema: str | None) -> Config:
        config = plain_config(connection, schema)
        config.set_main_option("path_separator", "os")
        folders = [str(Path(migrations.__file__).parent / "versions"), str(tmp_path)]
        config.set_main_option("version_locations", os.pathsep.join(folders))
        return config

    monkeypatch.setattr(migrations, "_config", config)
    monkeypatch.setattr(migrations, "HEAD", "v0004")


def test_an_older_revision_is_upgraded_with_its_data(engine: sa.Engine, request: pytest.FixtureRequest) -> None:
    upgrade(engine)
    fill(engine)
    request.getfixturevalue("next_revision")
    upgrade(engine)
    colour = sa.text("SELECT colour FROM cp_integration")
    with engine.connect() as connection:
        assert connection.execute(colour).scalar() == "blue"
    with SqlStorage.from_engine(engine).read_only() as unit:
        assert unit.integrations.get("integration-1") == samples.integration()
        assert unit.negativations.get("negativation-1") == samples.full_negativation()
    downgrade(engine, "v0003")
    assert "colour" not in {each["name"] for each in sa.inspect(engine).get_columns("cp_integration")}
    with SqlStorage.from_engine(engine).read_only() as unit:
        assert unit.integrations.get("integration-1") == samples.integration()


def test_an_upgrade_of_an_up_to_date_database_is_fast(engine: sa.Engine, url: str) -> None:
    upgrade(engine)
    started = time.perf_counter()
    upgrade(engine)
    assert time.perf_counter() - started < 0.25
    output = subprocess.run([sys.executable, "-c", MIGRATE, url], check=True, capture_output=True, text=True)
    assert output.stdout.strip() == "False"


def test_processes_that_start_at_once_migrate_one_after_another(url: str, engine: sa.Engine) -> None:
    command = [sys.executable, "-c", MIGRATE, url]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) for _ in range(2)]
    for each in running:
        output, _ = each.communicate(timeout=60)
        assert each.returncode == 0, output
    fill(engine)


def test_threads_that_start_at_once_migrate_one_after_another(url: str, engine: sa.Engine) -> None:
    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(SqlStorage(url).migrate) for _ in range(4)]:
            done.result(60)
    fill(engine)


@pytest.mark.parametrize(
    ("revision", "code", "remedy"),
    [
        ("v9999", "banco_mais_novo", "Atualize esta instalação"),
        ("v0001", "banco_antigo", "configure um banco vazio"),
        ("v0002", "banco_antigo", "configure um banco vazio"),
    ],
)
def test_a_database_of_another_version_is_refused(engine: sa.Engine, revision: str, code: str, remedy: str) -> None:
    upgrade(engine)
    with engine.begin() as connection:
        connection.execute(sa.update(sa.table(VERSION_TABLE, sa.column("version_num"))).values(version_num=revision))
    with pytest.raises(ConfigurationError, match=remedy) as refused:
        upgrade(engine)
    assert refused.value.code == code


@pytest.mark.parametrize("statement", ["CREATE TABLE cp_integration (x int)", "CREATE VIEW cp_audit AS SELECT 1 AS x"])
def test_a_database_that_lost_its_version_is_refused_and_left_as_it_is(engine: sa.Engine, statement: str) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql(statement)
    with pytest.raises(ConfigurationError, match="falta a tabela") as refused:
        upgrade(engine)
    assert refused.value.code == "banco_estranho"
    assert not sa.inspect(engine).has_table(VERSION_TABLE)


@pytest.mark.parametrize("revision", ["v0001", "v0002"])
def test_no_revision_has_the_id_of_one_before_0_2(revision: str) -> None:
    versions = Path(migrations.__file__).parent / "versions"
    assert not list(versions.glob(f"{revision}_*.py"))


def test_a_migration_on_sqlite_that_would_lose_references_changes_nothing(tmp_path: Path) -> None:
    engine = make_engine(f"sqlite:///{tmp_path / 'store.db'}")
    upgrade(engine)

    def migrate_badly() -> None:
        with _locked(engine, None) as connection:
            connection.exec_driver_sql("INSERT INTO cp_removal_reason VALUES ('unknown', 0, '1', 'sem integração')")

    with pytest.raises(ConfigurationError):
        migrate_badly()
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM cp_removal_reason").scalar() == 0
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
    engine.dispose()
