"""The table of `subgoal tools questions list`."""

from collections.abc import Mapping

from dataset_builder.tool_agents.questions.build import DEFAULT_SIZES, IN_DOMAIN, OUT_OF_DOMAIN, shares
from dataset_builder.tool_agents.questions.hops import HOP_FAMILIES
from dataset_builder.tool_agents.questions.open_maths import MATHS_FAMILIES
from dataset_builder.tool_agents.questions.question import SPLITS


def open_families() -> list[dict[str, str]]:
    """A row for each family of `open`, with the default number of questions in each split.

    Returns:
        `list[dict[str, str]]`: each row has the keys `family`, `kind`, `domain`, `train/validation/test`
        (three numbers) and `asks for`.
    """
    rows = []
    for weights, in_domain in ((IN_DOMAIN, True), (OUT_OF_DOMAIN, False)):
        sizes = _sizes(weights, in_domain)
        for family in weights:
            row = {
                "family": family,
                "kind": "facts" if family in HOP_FAMILIES else "maths",
                "domain": "in" if in_domain else "out",
            }
            row["/".join(SPLITS)] = "/".join(str(sizes[split][family]) for split in SPLITS)
            rows.append(row | {"asks for": HOP_FAMILIES.get(family) or MATHS_FAMILIES[family].description})
    return rows


def _sizes(weights: Mapping[str, int], in_domain: bool) -> dict[str, dict[str, int]]:
    if in_domain:
        return {split: shares(DEFAULT_SIZES[split], weights) for split in SPLITS}
    return {split: shares(0, weights) for split in ("train", "validation")} | {
        "test": shares(DEFAULT_SIZES["out_of_domain"], weights)
    }
