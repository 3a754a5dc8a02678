"""A missing optional package is one line that says how to install it."""

import pytest

from dataset_builder.common.errors import UsageError
from dataset_builder.common.extras import check_extra


def test_an_installed_package_passes() -> None:
    check_extra("json", "tools", "Reading")


def test_a_missing_package_is_named_with_its_extra() -> None:
    with pytest.raises(UsageError, match=r"^BM25 needs no-such, .*'subgoal-distillation\[tools\]'`\.$"):
        check_extra("no_such", "tools", "BM25")
