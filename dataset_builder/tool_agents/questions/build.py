"""The question set `open`, built from reasoning-gym and GeoNames, and its passages."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

from dataset_builder.common.console import progress_line
from dataset_builder.common.errors import UsageError
from dataset_builder.tool_agents.questions.geography import load_world
from dataset_builder.tool_agents.questions.geography_passages import fact_passages
from dataset_builder.tool_agents.questions.hops import HOP_FAMILIES, hop_questions
from dataset_builder.tool_agents.questions.open_maths import MATHS_FAMILIES, maths_questions
from dataset_builder.tool_agents.questions.question import Question
from dataset_builder.tool_agents.retrieval.base import Passage

if TYPE_CHECKING:
    from rich.progress import Progress

# Facts have more weight than one maths family: they are what a small model finds hardest.
IN_DOMAIN = {name: 1 for name, family in MATHS_FAMILIES.items() if family.in_domain} | {
    "one_hop": 4,
    "two_hop": 6,
}
"""Family → weight in the splits; the families of the training data."""

OUT_OF_DOMAIN = {name: 1 for name, family in MATHS_FAMILIES.items() if not family.in_domain} | {
    "three_hop": 3
}
"""Family → weight among the questions of the test split that no training question resembles."""

DEFAULT_SIZES = {"train": 1500, "validation": 150, "test": 300, "out_of_domain": 120}


def build_open(
    train: int = DEFAULT_SIZES["train"],
    validation: int = DEFAULT_SIZES["validation"],
    test: int = DEFAULT_SIZES["test"],
    out_of_domain: int = DEFAULT_SIZES["out_of_domain"],
    seed: int = 0,
    progress: "Progress | None" = None,
    families: Sequence[str] = (),
) -> tuple[list[Question], list[Passage]]:
    """Build questions and passages; the same arguments and package versions give the same result.

    Args:
        train (`int`, *optional*, defaults to 1500): questions of the training split.
        validation (`int`, *optional*, defaults to 150): questions of the validation split.
        test (`int`, *optional*, defaults to 300): questions of the test split of the families in training.
        out_of_domain (`int`, *optional*, defaults to 120): questions of the test split of other families.
        seed (`int`, *optional*, defaults to 0): decides numbers, facts, wording and splits.
        progress (`Progress`, *optional*): a bar that shows how many questions are made.
        families (`Sequence[str]`, *optional*): families of the splits of training; all of them if omitted.

    Returns:
        `tuple[list[Question], list[Passage]]`: the questions, split by split, with the families mixed; and a
        passage about each country and city, those of all splits.

    Raises:
        UsageError: if a family is unknown, a size is negative or greater than the number of different
            questions, or a package of the extra `[tools]` is not installed.
    """
    sizes = {"train": train, "validation": validation, "test": test, "out_of_domain": out_of_domain}
    for name, size in sizes.items():
        if size < 0:
            raise UsageError(f"{name} is {size}: use 0 or more.")
    if unknown := [name for name in families if name not in IN_DOMAIN]:
        raise UsageError(f"Unknown family {unknown[0]!r}: use {', '.join(IN_DOMAIN)}.")
    chosen = {name: weight for name, weight in IN_DOMAIN.items() if not families or name in families}
    world = load_world()
    passages = fact_passages(world, seed)
    taken: Mapping[str, set[tuple[Any, ...]]] = {name: set() for name in MATHS_FAMILIES}
    advance = progress_line(progress, "questions", total=sum(sizes.values()))

    def stream(family: str, split: str) -> Iterator[Question]:
        if family in HOP_FAMILIES:
            return hop_questions(family, split, world, passages, seed)
        return maths_questions(family, split, seed, taken=taken[family])

    def questions(split: str, size: int, weights: Mapping[str, int]) -> list[Question]:
        made = []
        for family, count in shares(size, weights).items():
            for number, question in enumerate(islice(stream(family, split), count), 1):
                made.append((number / count, question))
                advance()
            if count and (not made or made[-1][0] < 1):
                raise UsageError(
                    f"{family} has fewer than {count} different {split} questions: ask for fewer."
                )
        return [question for _, question in sorted(made, key=lambda pair: (pair[0], pair[1].id))]

    # The test questions first: they do not depend on the size of the training split.
    splits = [
        questions("test", out_of_domain, OUT_OF_DOMAIN),
        questions("test", test, chosen),
        questions("validation", validation, chosen),
        questions("train", train, chosen),
    ]
    ordered = [question for part in reversed(splits) for question in part]
    return ordered, [facts.passage for facts in passages.values()]


def shares(size: int, weights: Mapping[str, int]) -> dict[str, int]:
    """A number split by weight, with the largest remainders rounded up."""
    total = sum(weights.values())
    shares = {name: size * weight // total for name, weight in weights.items()}
    by_remainder = sorted(weights, key=lambda name: -(size * weights[name] % total))
    for name in by_remainder[: size - sum(shares.values())]:
        shares[name] += 1
    return shares
