import duckdb
import pytest

from pipelines.foundation.errors import DataQualityError, UsageError
from pipelines.foundation.settings import Settings
from pipelines.foundation.vault import Vault, load_key, pseudonym

KEY = "0f" * 32


@pytest.fixture
def connection():
    with duckdb.connect() as connection:
        yield connection


def test_a_column_gets_the_pseudonyms_of_rfc_2104(connection, settings):
    vault = Vault(connection, settings)
    values = ("6222020000000001", "张伟")

    vault.store_pseudonyms(
        f"select 'card' as kind, unnest({list(values)}) as identifier"
    )

    key = load_key(settings)
    made = connection.execute("""
        select kind, identifier, pseudonym from pseudonyms order by identifier
    """).fetchall()
    assert made == [("card", value, pseudonym(key, "card", value)) for value in values]


def test_the_same_value_of_another_kind_has_another_pseudonym():
    key = bytes.fromhex(KEY)

    assert pseudonym(key, "card", "1") != pseudonym(key, "account", "1")


def test_an_identifier_is_remembered_once(connection, settings):
    vault = Vault(connection, settings)

    for _ in range(2):
        vault.store_pseudonyms("select 'card' as kind, '6222' as identifier")

    stored = connection.execute("select kind, identifier from vault.identifiers")
    assert stored.fetchall() == [("card", "6222")]


def test_key_and_vault_are_closed_to_others(connection, settings):
    Vault(connection, settings)

    files = (settings.vault, settings.vault_key_file)
    assert [file.stat().st_mode & 0o077 for file in files] == [0, 0]


def test_a_vault_without_its_key_file_refuses(connection, settings):
    Vault(connection, settings)
    connection.execute("detach vault")
    settings.vault_key_file.unlink()

    with pytest.raises(DataQualityError, match=r"vault\.key"):
        Vault(connection, settings)


def test_another_key_refuses(connection, settings):
    Vault(connection, settings)
    other = Settings(home=settings.home, vault_key=KEY)

    with pytest.raises(DataQualityError, match="second pseudonym"):
        Vault(connection, other)


def test_a_key_file_that_others_can_read_refuses(settings):
    load_key(settings)
    settings.vault_key_file.chmod(0o644)

    with pytest.raises(UsageError, match="chmod 600"):
        load_key(settings)


@pytest.mark.parametrize("key", ["", "xyz", "ab" * 31], ids=["empty", "text", "short"])
def test_a_key_that_is_none_refuses_and_is_not_shown(settings, key):
    with pytest.raises(UsageError, match="64 hexadecimal digits") as error:
        load_key(Settings(home=settings.home, vault_key=key))

    assert not key or key not in str(error.value)
