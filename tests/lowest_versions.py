"""Print a constraint for each dependency of pyproject.toml: the lowest version that its bounds allow."""

import re
import tomllib
from collections.abc import Iterable
from itertools import chain
from pathlib import Path


def lowest_versions(requirements: Iterable[str]) -> list[str]:
    """`name==version` for each `name>=version,<…`, without torch.

    Args:
        requirements (`Iterable[str]`): as in pyproject.toml.
    """
    bounds = (re.match(r"([\w.-]+)>=([\w.]+)", requirement) for requirement in requirements)
    versions = {bound[1]: f"{bound[1]}=={bound[2]}" for bound in bounds if bound and bound[1] != "torch"}
    return sorted(versions.values())


if __name__ == "__main__":
    text = (Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8")
    project = tomllib.loads(text)["project"]
    # The tools of `dev` are left to pip; the libraries in it have the bounds of the other extras.
    extras = (names for extra, names in project["optional-dependencies"].items() if extra != "dev")
    print("\n".join(lowest_versions(chain(project["dependencies"], *extras))))
