"""One model, tuned once for all of these tests."""

from __future__ import annotations

import pytest

from adapt.continual.lives import make_life


@pytest.fixture(scope="package")
def life(tmp_path_factory):
    return make_life(tmp_path_factory.mktemp("life"))
