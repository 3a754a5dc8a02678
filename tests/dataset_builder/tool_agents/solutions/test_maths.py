"""The program teacher's code for maths: run here, it gives the right result for any operands."""

import contextlib
import io
import math
import random
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataset_builder.tool_agents.conversation import ToolStep
from dataset_builder.tool_agents.questions.question import Question
from dataset_builder.tool_agents.solutions.maths import MISTAKE_SHARE, PRINTED_SHARE, solve_maths

WORDS = st.text("abcdefghijklmnopqrstuvwxyz", min_size=1, max_size=9)


def _question(family: str, operands: Mapping[str, Any], answer: str = "?", match: str = "number") -> Question:
    metadata = {"operands": operands, "match": match}
    return Question("open/q", "?", answer, "maths", "open", family, "train", True, metadata=metadata)


def _right_steps(family: str, operands: Mapping[str, Any], seed: int = 0) -> list[ToolStep]:
    solution = solve_maths(_question(family, operands), random.Random(seed))
    return [step for step in solution.steps if step.learn]


def _result(family: str, operands: Mapping[str, Any]) -> Any:
    """What the code of the first right step answers or prints."""
    results: list[Any] = []
    code = _right_steps(family, operands)[0].code
    exec(code, {"final_answer": results.append, "print": results.append})
    (result,) = results
    return result


@given(st.lists(st.integers(2, 500), min_size=2, max_size=4))
@settings(deadline=None)
def test_divisors_and_multiples(numbers: list[int]) -> None:
    assert _result("gcd", {"numbers": numbers[:2]}) == math.gcd(*numbers[:2])
    assert _result("lcm", {"numbers": numbers}) == math.lcm(*numbers)


@given(st.integers(1, 2000), st.integers(1, 2000))
@settings(deadline=None)
def test_fractions_are_reduced_and_stay_fractions(numerator: int, denominator: int) -> None:
    reduced = Fraction(numerator, denominator)
    expected = f"{reduced.numerator}/{reduced.denominator}"
    assert _result("fraction_simplification", {"fraction": f"{numerator}/{denominator}"}) == expected


@given(st.integers(2, 3000))
@settings(deadline=None)
def test_prime_factors_are_prime_and_in_order(number: int) -> None:
    factors = [int(factor) for factor in _result("prime_factorization", {"number": number}).split(" × ")]
    assert math.prod(factors) == number
    assert factors == sorted(factors)
    assert all(factor % divisor for factor in factors for divisor in range(2, factor))


@given(st.integers(1, 60), st.integers(0, 60))
@settings(deadline=None)
def test_primes_are_counted_with_both_ends(start: int, length: int) -> None:
    def primes_to(last: int) -> int:
        return sum(number > 1 and all(number % n for n in range(2, number)) for number in range(last + 1))

    counted = _result("count_primes", {"start": start, "end": start + length})
    assert counted == primes_to(start + length) - primes_to(start - 1)


@given(st.lists(WORDS | WORDS.map(str.capitalize), min_size=1, max_size=6), st.sampled_from("aeiotx"))
@settings(deadline=None)
def test_letters_are_counted_in_either_case(words: list[str], letter: str) -> None:
    expected = sum(character in (letter, letter.upper()) for word in words for character in word)
    assert _result("letter_counting", {"letter": letter, "text": " ".join(words)}) == expected


@given(WORDS, st.integers(0, 10**6))
@settings(deadline=None)
def test_words_are_reversed_and_bits_counted(word: str, number: int) -> None:
    assert _result("spell_backward", {"word": word}) == "".join(reversed(word))
    assert _result("count_bits", {"number": number}) == number.bit_count()


@given(st.integers(1, 9), st.integers(1, 1000), st.integers(0, 50))
@settings(deadline=None)
def test_equations_are_solved(factor: int, solution: int, constant: int) -> None:
    equation = f"{factor}*y + {constant} = {factor * solution + constant}"
    assert _result("simple_equations", {"equation": equation, "variable": "y"}) == solution


@pytest.mark.parametrize(
    ("family", "operands", "expected"),
    [
        ("basic_arithmetic", {"expression": "2 - -( 3 + 1 ) * 5"}, 22),
        ("decimal_chain_sum", {"expression": "0.1 + 0.2 - 1.05"}, -0.75),
        ("bitwise_arithmetic", {"expression": "(0x1 - 0x20)"}, "-0x1f"),
        ("leg_counting", {"animals": {"cat": 2, "bee": 1, "sea slug": 3}}, 14),
    ],
)
def test_expressions(family: str, operands: dict[str, Any], expected: Any) -> None:
    assert _result(family, operands) == expected


def test_a_printed_result_is_answered_in_the_next_step_in_the_form_of_the_question() -> None:
    def answered(match: str) -> str:
        question = _question("gcd", {"numbers": [6, 4]}, "2", match)
        solutions = (solve_maths(question, random.Random(seed)) for seed in range(200))
        solution = next(one for one in solutions if len([step for step in one.steps if step.learn]) == 2)
        printed, answer = (step for step in solution.steps if step.learn)
        with contextlib.redirect_stdout(io.StringIO()) as output:
            exec(printed.code, {})
        assert (output.getvalue(), solution.evidence[-2:]) == ("2\n", (("2",), ()))
        return answer.code

    assert answered("number") == "final_answer(2)"
    assert answered("text") == 'final_answer("2")'


@pytest.mark.parametrize(
    ("family", "operands"),
    [
        ("gcd", {"numbers": [6, 4]}),
        ("chain_sum", {"expression": "12 - 7 + 30"}),
        ("count_primes", {"start": 3, "end": 9}),
        ("letter_counting", {"letter": "t", "text": "The tent"}),
        ("spell_backward", {"word": "sun"}),
        ("simple_equations", {"equation": "3*x = 9", "variable": "x"}),
        ("fraction_simplification", {"fraction": "6/4"}),
    ],
)
def test_a_mistake_fails_and_is_not_learnt(family: str, operands: dict[str, Any]) -> None:
    solutions = [solve_maths(_question(family, operands), random.Random(seed)) for seed in range(300)]
    mistakes = [[step for step in solution.steps if not step.learn] for solution in solutions]
    assert 0 < sum(map(len, mistakes)) < 3 * MISTAKE_SHARE * len(solutions)
    (wrong,) = next(steps for steps in mistakes if steps)
    with pytest.raises((NameError, TypeError, AttributeError)):
        exec(wrong.code, {"final_answer": lambda answer: None})


def test_most_solutions_answer_at_once() -> None:
    steps = [len(_right_steps("chain_sum", {"expression": "1 + 2"}, seed)) for seed in range(1000)]
    assert abs(steps.count(2) / len(steps) - PRINTED_SHARE) < 0.04
    assert set(steps) == {1, 2}


def test_an_unknown_family_has_no_solution() -> None:
    with pytest.raises(KeyError, match="riddles"):
        solve_maths(_question("riddles", {}), random.Random(0))
