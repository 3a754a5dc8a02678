"""The program teacher's searches for the questions about facts.

Each hop is one search. The next thought quotes the sentence that was read: a student learns to look for the
field before it writes a value.
"""

import random
from collections.abc import Mapping, Sequence
from typing import Any

from dataset_builder.tool_agents.conversation import ToolStep, cot_text
from dataset_builder.tool_agents.questions.question import Question
from dataset_builder.tool_agents.solutions.facts_wording import (
    AFTER_READING,
    LOCATION_QUERIES,
    NEXT_THOUGHT,
    NOUNS,
    QUERIES,
    SEARCHES,
    STATEMENTS,
)
from dataset_builder.tool_agents.solutions.solution import Solution

MISTAKE_SHARE = 0.06
"""Share of the solutions with a step that fails, as that of a small model may; the next step repairs it."""

_PLANNED_OPERATIONS = {"compare": ", and compare them", "sum": ", and add them"}
"""What is done with the last two facts → how the plan ends."""

_Hop = Mapping[str, Any]


def solve_facts(question: Question, rng: random.Random) -> Solution:
    """See `solve`."""
    hops = question.metadata["hops"]
    operation = question.metadata["form"].split("_")[0]
    operation = operation if operation in _PLANNED_OPERATIONS else ""
    steps: list[ToolStep] = []
    evidence: list[tuple[str, ...]] = []
    for index, hop in enumerate(hops):
        if not index:
            thought = _plan(hops, operation, question.question, rng)
        else:
            noun = rng.choice(NOUNS[hop["field"]])
            thought = f"{_quote(hops, index - 1, rng)} {NEXT_THOUGHT.format(noun=noun, x=hop['entity'])}"
        steps.append(ToolStep(thought, f'print(search("{_query(hop, rng)}"))'))
        evidence.append((f"] {_title(hop)}: ", hop["quote"]))
    thought, code = _answer(hops, operation, question.answer, rng)
    steps.append(ToolStep(thought, code))
    evidence.append(())
    if rng.random() < MISTAKE_SHARE:
        if operation or rng.random() < 0.5:
            _forget_print(steps, evidence)
        else:
            _answer_with_a_name(steps, evidence, NOUNS[hops[-1]["field"]][0])
    return Solution(tuple(steps), tuple(evidence), cot_text(_reasoning(hops, operation), question.answer))


def _query(hop: _Hop, rng: random.Random) -> str:
    kind = hop["passage"].split("/")[0]
    queries = LOCATION_QUERIES if hop["field"] == "country" else QUERIES[kind]
    return rng.choice(queries).format(x=_title(hop), noun=rng.choice(NOUNS[hop["field"]]))


def _title(hop: _Hop) -> str:
    """The entity as passages are titled: without article."""
    return str(hop["entity"]).removeprefix("the ")


def _plan(hops: Sequence[_Hop], operation: str, question: str, rng: random.Random) -> str:
    """The first thought: how many searches, and what for. What comes later is read off it."""
    first = f"the {rng.choice(NOUNS[hops[0]['field']])} of {hops[0]['entity']}"
    listed = [first, *(_planned(hop, question) for hop in hops[1:])]
    return f"{SEARCHES[len(hops)]}: {', then '.join(listed)}{_PLANNED_OPERATIONS.get(operation, '')}."


def _planned(hop: _Hop, question: str) -> str:
    """What a later hop asks for, before what comes before it is known."""
    noun = NOUNS[hop["field"]][0]
    return f"the {noun} of {hop['entity']}" if str(hop["entity"]) in question else f"its {noun}"


def _quote(hops: Sequence[_Hop], index: int, rng: random.Random) -> str:
    """What the search of a hop has found, and how many there are: whether another follows is read off it."""
    hop = hops[index]
    text = rng.choice(AFTER_READING).format(x=hop["entity"], quote=hop["quote"])
    return f"Search {index + 1} of {len(hops)}: {text}"


def _answer(hops: Sequence[_Hop], operation: str, answer: str, rng: random.Random) -> tuple[str, str]:
    """The last thought and its code."""
    quote = _quote(hops, len(hops) - 1, rng)
    if not operation:
        return f"{quote} So the answer is {answer}.", f'final_answer("{answer}")'
    first, second = hops[-2:]
    # Character by character as it was read: a small model drops digits where it must drop commas.
    numbers = [hop["value"].replace(",", "_") for hop in (first, second)]
    if operation == "sum":
        thought = f"{quote} I add {first['value']} and {second['value']}."
        return thought, f"final_answer({numbers[0]} + {numbers[1]})"
    names = [_title(hop) for hop in (first, second)]
    thought = f"{quote} I compare {first['value']} with {second['value']}."
    return thought, f'final_answer("{names[0]}" if {numbers[0]} > {numbers[1]} else "{names[1]}")'


def _forget_print(steps: list[ToolStep], evidence: list[tuple[str, ...]]) -> None:
    """Puts a search before the first one whose result is not printed."""
    right = steps[0]
    steps[0] = ToolStep("Nothing was printed: the passages must be printed to be read.", right.code)
    unprinted = right.code.removeprefix("print(").removesuffix(")")
    steps.insert(0, ToolStep(right.thought, unprinted, learn=False))
    evidence.insert(0, ("(nothing was printed)",))


def _answer_with_a_name(steps: list[ToolStep], evidence: list[tuple[str, ...]], noun: str) -> None:
    """Puts an answer before the last one that names a variable, as if the search had set it."""
    right, name = steps[-1], noun.replace(" ", "_")
    steps[-1] = ToolStep(f"The name {name} is not defined, so I write what I read.", right.code)
    steps.insert(-1, ToolStep(right.thought, f"final_answer({name})", learn=False))
    evidence.insert(-1, ("Error: NameError",))


def _reasoning(hops: Sequence[_Hop], operation: str) -> str:
    """The facts in the order of the hops, as somebody who knows them would say them."""
    facts = [STATEMENTS[hop["field"]].format(x=hop["entity"], value=hop["value"]) for hop in hops]
    text = " ".join(fact[0].upper() + fact[1:] for fact in facts)
    if not operation:
        return text
    first, second = (int(hop["value"].replace(",", "")) for hop in hops[-2:])
    if operation == "sum":
        return f"{text} {first:,} + {second:,} = {first + second:,}."
    return f"{text} {max(first, second):,} is more than {min(first, second):,}."
