"""Whether the user nobody could enter the folders of Python."""

import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

if sys.platform != "linux":
    pytest.skip("namespaces are Linux's", allow_module_level=True)

from dataset_builder.tool_agents.sandbox.child.namespaces import enterable_by_all


@pytest.fixture
def library() -> Iterator[Path]:
    """A folder within two others, all open to everybody."""
    with TemporaryDirectory() as folder:
        if not all(parent.stat().st_mode & 0o001 for parent in Path(folder).parents):
            pytest.skip("the folder of temporary files is not open to everybody")
        library = Path(folder) / "python" / "lib"
        library.mkdir(parents=True)
        for opened in (Path(folder), library.parent, library):
            opened.chmod(0o755)
        yield library


def test_a_folder_that_everybody_may_enter(library: Path) -> None:
    assert enterable_by_all([str(library), "/"])


@pytest.mark.parametrize("level", [0, 1])
def test_one_closed_folder_on_the_way_is_enough(library: Path, level: int) -> None:
    (library, library.parent)[level].chmod(0o750)
    assert not enterable_by_all(["/", str(library)])
