"""What is known of a database beforehand is made once per process."""

from __future__ import annotations

from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from support.crms import STORES, place

from crmkit.builtin import open_store
from crmkit.core.kernel.model import Model
from crmkit.core.kernel.store import Store
from crmkit.storage.sql import SQLStore
from crmkit.testing.world.records import MODEL, Firm

SQL = [store for store in STORES if store != "memory"]


def prepared(store: Store) -> object:
    """What a store knows of its database."""
    assert isinstance(store, SQLStore)
    return store._prepared


@pytest.mark.parametrize("name", SQL)
def test_stores_of_one_model_share_what_they_know(name: str, tmp_path: Path) -> None:
    """Whatever database each has; under another prefix, or of another model, there is other to know."""
    with ExitStack() as open_stores:

        def opened(url: str, model: Model, prefix: str) -> object:
            return prepared(open_stores.enter_context(closing(open_store(url, model, prefix=prefix))))

        one, other = (tmp_path / folder for folder in ("one", "other"))
        one.mkdir()
        other.mkdir()
        here, there = (open_stores.enter_context(place(name, folder, MODEL)) for folder in (one, other))
        known = opened(here, MODEL, "crm_")

        assert opened(there, MODEL, "crm_") is known
        assert opened(here, MODEL, "b_") is not known
        assert opened(here, Model.build((Firm,)), "crm_") is not known
