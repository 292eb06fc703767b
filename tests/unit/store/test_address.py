"""Where the store is, and that no password shows anywhere."""

from __future__ import annotations

import dataclasses
import logging

import pytest
import sqlalchemy as sa

from pipeline.errors import ConfigError, StoreError
from pipeline.settings import StoreSettings, load_settings
from pipeline.store import Store, open_store
from pipeline.store.address import store_address
from tests.golden.sample import report
from tests.postgres import PASSWORD


def settings(url="", password_env="TINGHE_STORE_PASSWORD"):
    return StoreSettings(url=url, password_env=password_env)


def test_the_store_is_a_file_in_the_results_folder_unless_settings_say_otherwise(tmp_path):
    folder = tmp_path / "a b" / "结果?#%"
    store = open_store(folder, load_settings().store, {})
    store.save(report())
    store.close()
    assert (folder / "tinghe.db").exists()


def test_a_folder_that_cannot_be_made_is_a_store_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot use"):
        open_store(tmp_path / "file" / "results", settings(), {})


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("no url at all", "not a URL"),
        ("postgresql://u@host:port/x", "not a URL"),
        ("mysql://u@host/x", "mysql: neither sqlite nor postgresql"),
        ("postgresql://u:hush@host/x", "holds a password; take it out and set TINGHE_STORE_PASSWORD"),
        ("postgresql://u@host/x?password=hush", "holds a password"),
    ],
)
def test_an_address_that_cannot_be_used_is_an_error_of_the_settings(tmp_path, url, problem):
    with pytest.raises(ConfigError, match=problem) as caught:
        store_address(tmp_path, settings(url), {})
    assert "hush" not in str(caught.value)


def test_the_password_is_that_of_the_environment(tmp_path):
    url = store_address(
        tmp_path,
        settings("postgresql://u@host/x", "ANY_NAME"),
        {"ANY_NAME": "hush", "TINGHE_STORE_PASSWORD": "no"},
    )
    assert (url.drivername, url.password) == ("postgresql+psycopg", "hush")
    assert "hush" not in f"{url} {url!r}"


@pytest.mark.parametrize("name", ["", "NOT_SET"])
def test_without_a_password_postgresql_looks_for_it_itself(tmp_path, name):
    assert store_address(tmp_path, settings("postgresql://u@host/x", name), {}).password is None


def without_password(url):
    return f"postgresql://{url.username}@{url.host}:{url.port}/{url.database}"


def test_a_server_is_used_with_the_password_of_the_environment(tmp_path, postgres):
    url = postgres.new_database()
    store = open_store(tmp_path, settings(without_password(url)), {"TINGHE_STORE_PASSWORD": PASSWORD})
    store.save(report())
    assert store.summary().scored == 1
    store.close()
    assert list(tmp_path.iterdir()) == []


def test_a_wrong_password_shows_neither_it_nor_the_address(tmp_path, postgres, caplog):
    caplog.set_level(logging.DEBUG)
    url = postgres.new_database()
    with pytest.raises(StoreError, match="cannot open the store: OperationalError") as caught:
        open_store(tmp_path, settings(without_password(url)), {"TINGHE_STORE_PASSWORD": "hush"})
    assert caught.value.__suppress_context__
    for hidden in ("hush", "127.0.0.1", url.database):
        assert hidden not in f"{caught.value} {caplog.text}"


def test_a_server_that_goes_away_fails_one_save_and_is_found_again(postgres):
    url = postgres.new_database()
    store = Store(url)
    store.save(report())
    postgres.stop()
    try:
        with pytest.raises(StoreError, match="cannot save call golden-1"):
            store.save(report())
    finally:
        postgres.start()
    store.save(report())
    assert store.summary().scored == 1
    store.close()


def test_what_is_written_within_one_transaction_stands_or_falls_together(database_url):
    store = Store(database_url)
    with store.transaction("cannot do both") as connection:
        store.save(report(), within=connection)
        connection.execute(sa.text("UPDATE calls SET agency = 'x'"))

    def fail_half_way():
        with store.transaction("cannot do both") as connection:
            connection.execute(sa.text("DELETE FROM calls"))
            connection.execute(sa.text("UPDATE no_such_table SET a = 1"))

    with pytest.raises(StoreError, match="cannot do both"):
        fail_half_way()
    assert store.summary().scored == 1
    store.close()


def test_a_long_name_is_kept_by_both(database_url):
    store = Store(database_url)
    one = report()
    metadata = one.call.metadata.model_copy(update={"agency": "某" * 500})
    store.save(dataclasses.replace(one, call=dataclasses.replace(one.call, metadata=metadata)))
    with store.transaction("") as connection:
        assert len(connection.execute(sa.text("SELECT agency FROM calls")).scalar_one()) == 500
    store.close()


def test_a_full_disk_leaves_what_was_there(tmp_path):
    store = Store(f"sqlite:///{tmp_path / 'results.db'}")
    store.save(report())

    def limit(pages):
        with store.transaction("") as connection:
            used = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
            connection.exec_driver_sql(f"PRAGMA max_page_count = {used + pages}")

    one = report()
    long = dataclasses.replace(one.transcript.turns[0], text="长" * 100_000)
    big = dataclasses.replace(one, transcript=dataclasses.replace(one.transcript, turns=(long,)))
    limit(1)
    with pytest.raises(StoreError, match=r"cannot save call golden-1: OperationalError \(SQLITE_FULL\)"):
        store.save(big)
    assert store.summary().to_review == 1
    limit(1_000)
    store.save(big)
    store.close()
