"""The searches, thoughts and answers of the program teacher for facts, without a search engine."""

import random
from typing import Any

from dataset_builder.tool_agents.conversation import ToolStep
from dataset_builder.tool_agents.questions.question import Question
from dataset_builder.tool_agents.solutions.facts import MISTAKE_SHARE, solve_facts
from dataset_builder.tool_agents.solutions.solution import Solution

GAMBIA = ("country/GM", "the Gambia", "1,729,000")
CHAD = ("country/TD", "Chad", "15,477,751")


def _population(fact: tuple[str, str, str]) -> dict[str, Any]:
    passage, entity, value = fact
    return {
        "passage": passage,
        "entity": entity,
        "field": "population",
        "value": value,
        "quote": f"It has {value} inhabitants.",
        "wording": "population",
    }


def _question(text: str, answer: str, form: str, *hops: dict[str, Any]) -> Question:
    metadata = {"form": form, "hops": list(hops)}
    return Question("open/q", text, answer, "facts", "open", "two_hop", "train", True, metadata=metadata)


ONE = _question("What is the population of Chad?", CHAD[2], "population", _population(CHAD))
SUM = _question(
    "How many people live in Chad and the Gambia together?",
    "17,206,751",
    "sum_population",
    _population(CHAD),
    _population(GAMBIA),
)
COMPARE = _question(
    "Which has more inhabitants, the Gambia or Chad?",
    "Chad",
    "compare_population",
    _population(GAMBIA),
    _population(CHAD),
)
CHAINED = _question(
    "What is the population of the country whose capital is Banjul?",
    GAMBIA[2],
    "capital_population",
    {
        "passage": "city/1",
        "entity": "Banjul",
        "field": "country",
        "value": "the Gambia",
        "quote": "Banjul is a city in the Gambia.",
        "wording": "country",
    },
    _population(GAMBIA),
)


def _solve(question: Question, mistakes: bool = False) -> Solution:
    """The first solution with, or without, a step that fails."""
    solutions = (solve_facts(question, random.Random(seed)) for seed in range(500))
    return next(one for one in solutions if any(not step.learn for step in one.steps) == mistakes)


def _final_answer(code: str) -> Any:
    answers: list[Any] = []
    exec(code, {"final_answer": answers.append})
    (answer,) = answers
    return answer


def test_the_last_code_gives_the_answer() -> None:
    assert _final_answer(_solve(ONE).steps[-1].code) == "15,477,751"
    assert _final_answer(_solve(SUM).steps[-1].code) == 17_206_751
    assert _final_answer(_solve(COMPARE).steps[-1].code) == "Chad"
    assert _final_answer(_solve(CHAINED).steps[-1].code) == "1,729,000"


def test_an_entity_is_searched_by_the_title_of_its_passage() -> None:
    for step in _solve(COMPARE).steps[:1]:
        assert "Gambia" in step.code
        assert "the Gambia" not in step.code
    assert _solve(COMPARE).evidence[0] == ("] Gambia: ", "It has 1,729,000 inhabitants.")


def test_the_plan_names_only_what_the_question_names() -> None:
    assert _solve(SUM).steps[0].thought.endswith(", then the population of the Gambia, and add them.")
    plan = _solve(CHAINED).steps[0].thought
    assert plan == "Two searches: the country of Banjul, then its population."


def test_every_thought_after_a_search_quotes_what_was_read() -> None:
    solution = _solve(SUM)
    for step, (_, quote) in zip(solution.steps[1:], solution.evidence, strict=False):
        assert f'"{quote}"' in step.thought
    assert solution.steps[-1].thought.endswith(" I add 15,477,751 and 1,729,000.")


def test_the_chain_of_thought_states_all_facts_and_calculates() -> None:
    assert _solve(SUM).cot == (
        "Chad has 15,477,751 inhabitants. The Gambia has 1,729,000 inhabitants. "
        "15,477,751 + 1,729,000 = 17,206,751. The answer is 17,206,751."
    )
    assert "15,477,751 is more than 1,729,000. The answer is Chad." in _solve(COMPARE).cot
    assert _solve(CHAINED).cot.startswith("Banjul is a city in the Gambia. The Gambia has 1,729,000")


def test_a_forgotten_print_is_repaired_by_the_same_search() -> None:
    forgotten, repaired, *_ = _solve(SUM, mistakes=True).steps
    assert (forgotten.learn, repaired.learn) == (False, True)
    assert repaired.code == f"print({forgotten.code})"
    assert _solve(SUM, mistakes=True).evidence[0] == ("(nothing was printed)",)


def test_a_share_of_the_solutions_has_one_mistake() -> None:
    solutions = [solve_facts(ONE, random.Random(seed)) for seed in range(1000)]
    wrong = [[step for step in solution.steps if not step.learn] for solution in solutions]
    assert {len(steps) for steps in wrong} == {0, 1}
    assert abs(sum(map(len, wrong)) / len(wrong) - MISTAKE_SHARE) < 0.03
    # Both kinds of mistake occur.
    assert {_kind(steps[0]) for steps in wrong if steps} == {"search", "final_answer"}


def _kind(step: ToolStep) -> str:
    return step.code.split("(")[0]
