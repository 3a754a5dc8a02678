"""The maths families of the set `open`: entries of reasoning-gym (Apache-2.0), in varied wording.

An entry is a function of the family's settings and a seed. The splits have seeds of their own, and an entry
that would be in two splits is in one only.
"""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any

from dataset_builder.common.extras import check_extra
from dataset_builder.tool_agents.questions.maths_wording import TEMPLATES, operands, plural
from dataset_builder.tool_agents.questions.question import SPLITS, Question

_ATTEMPTS = 1000
_SEEDS_PER_SPLIT = 1_000_000
"""Item i of a reasoning-gym dataset has the seed `seed + i`: the distance keeps the splits apart."""


@dataclass(frozen=True)
class MathsFamily:
    """A dataset of reasoning-gym with the settings of `open`.

    Attributes:
        name: name of the dataset.
        description: what is asked.
        settings: arguments of its configuration. They keep questions short and answers exactly verifiable.
        match: how answers are compared: `"number"`, or `"text"` where equal numbers can be wrong answers (980
            is not the factorization of 980).
        in_domain: whether its questions may be in the training data.

    Example:

    ```python
    >>> MATHS_FAMILIES["prime_factorization"].match
    'text'
    ```
    """

    name: str
    description: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    match: str = "number"
    in_domain: bool = True


MATHS_FAMILIES: Mapping[str, MathsFamily] = {
    family.name: family
    for family in (
        MathsFamily("gcd", "greatest common divisor", {"min_value": 10}),
        MathsFamily("lcm", "least common multiple", {"min_value": 2, "max_numbers": 3}),
        MathsFamily("chain_sum", "sums and differences", {"min_terms": 3, "min_digits": 2}),
        # Without division: reasoning-gym rounds some quotients, and does not say so.
        MathsFamily(
            "basic_arithmetic",
            "arithmetic with parentheses",
            {"min_terms": 3, "max_digits": 3, "operators": ["+", "-", "*"]},
        ),
        MathsFamily("products", "products", {"min_digits": 2, "max_terms": 3, "max_digits": 4}),
        MathsFamily(
            "prime_factorization", "prime factorization", {"min_value": 30, "max_value": 3000}, match="text"
        ),
        MathsFamily("count_primes", "primes in an interval", {"max_n": 400}),
        MathsFamily("letter_counting", "letters in a text", {"min_words": 4, "max_words": 9}),
        MathsFamily("spell_backward", "a word spelled backward", {"min_word_len": 5}, match="text"),
        MathsFamily("simple_equations", "linear equations"),
        MathsFamily("leg_counting", "legs of animals", {"max_animals": 4}),
        MathsFamily(
            "fraction_simplification", "fractions in lowest terms", {"styles": ["plain"]}, match="text"
        ),
        MathsFamily("decimal_chain_sum", "sums of decimals", {"min_terms": 3}, in_domain=False),
        MathsFamily("count_bits", "ones in a binary number", {"min_n": 100, "max_n": 10**6}, in_domain=False),
        MathsFamily("bitwise_arithmetic", "hexadecimal arithmetic", match="text", in_domain=False),
    )
}


def maths_questions(
    family: str, split: str, seed: int = 0, *, taken: set[tuple[Any, ...]] | None = None
) -> Iterator[Question]:
    """Questions of a family, each with other operands, until no new one is found in 1,000 attempts.

    Args:
        family (`str`): a name of `MATHS_FAMILIES`.
        split (`str`): `"train"`, `"validation"` or `"test"`.
        seed (`int`, *optional*, defaults to 0): seed of the set.
        taken (`set`, *optional*): operands that are in another split; those of the questions made are added.

    Raises:
        UsageError: if reasoning-gym is not installed.
    """
    settings = MATHS_FAMILIES[family]
    dataset = maths_dataset(family, split, seed)
    taken = set() if taken is None else taken
    number = misses = 0
    for index in range(_SEEDS_PER_SPLIT):
        entry = dataset[index]
        key = _key(operands(family, entry["metadata"]))
        misses += 1
        if misses > _ATTEMPTS:
            return
        if key in taken or _is_unsuitable(family, entry, index):
            continue
        misses = 0
        taken.add(key)
        identity = f"open/{family}/{split}/{number:05}"
        text, template = _wording(family, entry, random.Random(f"{seed}/{identity}"))
        yield Question(
            id=identity,
            question=text,
            answer=entry["answer"],
            kind="maths",
            set="open",
            family=family,
            split=split,
            in_domain=settings.in_domain,
            metadata={
                "operands": operands(family, entry["metadata"]),
                "match": settings.match,
                "template": template,
                "seed": seed,
                "index": index,
            },
            source=f"synthetic: reasoning-gym {version('reasoning-gym')}",
        )
        number += 1


def maths_dataset(family: str, split: str, seed: int) -> Any:
    """The dataset of reasoning-gym that the questions of a split come from.

    Returns:
        A `reasoning_gym.ProceduralDataset`.
    """
    check_extra("reasoning_gym", "tools", "The question set open")
    import reasoning_gym

    first = (seed * len(SPLITS) + SPLITS.index(split)) * _SEEDS_PER_SPLIT
    settings = MATHS_FAMILIES[family].settings
    return reasoning_gym.create_dataset(family, seed=first, size=_SEEDS_PER_SPLIT, **settings)


def original_score(question: Question, answer: str) -> float:
    """What reasoning-gym's own scorer gives an answer to a maths question of `open`; only 1.0 is right."""
    dataset = maths_dataset(question.family, question.split, question.metadata["seed"])
    return float(dataset.score_answer(answer, dataset[question.metadata["index"]]))


def _wording(family: str, entry: Mapping[str, Any], rng: random.Random) -> tuple[str, int]:
    """A question and the number of its template; template 0 is the text of reasoning-gym."""
    template = rng.randrange(len(TEMPLATES[family]) + 1)
    if template == 0:
        return str(entry["question"]).strip(), template
    values = operands(family, entry["metadata"])
    shown = {name: _shown(value) for name, value in values.items()}
    return TEMPLATES[family][template - 1].format(**shown), template


def _shown(value: Any) -> str:
    if isinstance(value, Mapping):
        value = [f"{count} {animal if count == 1 else plural(animal)}" for animal, count in value.items()]
    if not isinstance(value, Sequence) or isinstance(value, str):
        return str(value)
    words = [str(one) for one in value]
    return f"{', '.join(words[:-1])} and {words[-1]}" if len(words) > 1 else words[0]


def _is_unsuitable(family: str, entry: Mapping[str, Any], index: int) -> bool:
    """Whether to skip an entry: it has no single answer, or one that an agent could always guess."""
    if family == "simple_equations":  # some reduce to 0 = 0
        return entry["metadata"]["variable"] not in entry["metadata"]["equation"]
    # Nearly half of all counts are 1.
    return family == "letter_counting" and entry["answer"] == "1" and index % 2 == 0


def _key(values: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(str(value) for value in values.values())
