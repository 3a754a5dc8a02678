"""Print a constraint for each dependency of pyproject.toml: the lowest version that its bounds allow."""

import re
import tomllib
from pathlib import Path


def lowest_versions(requirements: list[str]) -> list[str]:
    """`name==version` for each `name>=version,<…`, without torch.

    Args:
        requirements (`list[str]`): as in pyproject.toml.
    """
    bounds = (re.match(r"([\w.-]+)>=([\w.]+)", requirement) for requirement in requirements)
    return [f"{bound[1]}=={bound[2]}" for bound in bounds if bound is not None and bound[1] != "torch"]


if __name__ == "__main__":
    text = (Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8")
    print("\n".join(lowest_versions(tomllib.loads(text)["project"]["dependencies"])))
