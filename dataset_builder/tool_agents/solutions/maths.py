"""The program teacher's code for the maths families of `open`."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dataset_builder.tool_agents.conversation import ToolStep, cot_text
from dataset_builder.tool_agents.questions.maths_wording import plural
from dataset_builder.tool_agents.questions.question import Question
from dataset_builder.tool_agents.solutions.legs import legs_of
from dataset_builder.tool_agents.solutions.maths_reasoning import reasoning
from dataset_builder.tool_agents.solutions.solution import Solution

PRINTED_SHARE = 0.15
"""Share of the solutions that print the result first and answer in the next step."""

MISTAKE_SHARE = 0.06
"""Share of the solutions whose first code fails, as that of a small model may; the next step repairs it."""

_READ = (
    "The code printed {answer}, which is the answer.",
    "The result is {answer}.",
    "It printed {answer}, so I answer {answer}.",
)


@dataclass(frozen=True)
class _Plan:
    """Thoughts of which one is taken, statements, and the expression of the result."""

    thoughts: Sequence[str]
    result: str
    setup: str = ""

    def code(self, function: str) -> str:
        """The program, with its result passed to a function. Indented statements contain the result."""
        if "{result}" in self.setup:
            return self.setup.format(result=f"{function}({self.result})")
        return f"{self.setup}\n{function}({self.result})".lstrip("\n")


@dataclass(frozen=True)
class _Mistake:
    """Code that fails, and the thought after its error."""

    code: str
    remark: str


def solve_maths(question: Question, rng: random.Random) -> Solution:
    """See `solve`."""
    operands = question.metadata["operands"]
    plan = _plan(question.family, operands)
    thought = rng.choice(plan.thoughts)
    steps: list[ToolStep] = []
    evidence: list[tuple[str, ...]] = []
    if rng.random() < MISTAKE_SHARE and (mistake := _mistake(question.family, operands)):
        steps.append(ToolStep(thought, mistake.code, learn=False))
        evidence.append(("Error: ",))
        thought = mistake.remark
    if rng.random() < PRINTED_SHARE:
        steps.append(ToolStep(thought, plan.code("print")))
        evidence.append((question.answer,))
        literal = question.answer if question.metadata["match"] == "number" else f'"{question.answer}"'
        thought = rng.choice(_READ).format(answer=question.answer)
        steps.append(ToolStep(thought, f"final_answer({literal})"))
    else:
        steps.append(ToolStep(thought, plan.code("final_answer")))
    cot = cot_text(reasoning(question.family, operands), question.answer)
    return Solution(tuple(steps), (*evidence, ()), cot)


def _plan(family: str, operands: Mapping[str, Any]) -> _Plan:
    match family:
        case "gcd":
            return _Plan(_GCD, f"math.gcd({_list(operands['numbers'])})", "import math")
        case "lcm":
            return _Plan(_LCM, f"math.lcm({_list(operands['numbers'])})", "import math")
        case "chain_sum" | "basic_arithmetic" | "products":
            return _Plan(_EXPRESSION, operands["expression"])
        case "decimal_chain_sum":
            return _Plan(_EXPRESSION, f"round({operands['expression']}, 4)")
        case "bitwise_arithmetic":
            return _Plan(_HEXADECIMAL, f"hex({operands['expression']})")
        case "count_bits":
            return _Plan(_BITS, f'bin({operands["number"]}).count("1")')
        case "prime_factorization":
            return _Plan(_FACTORS, '" × ".join(factors)', _FACTORIZATION.format(number=operands["number"]))
        case "count_primes":
            numbers = f"range({operands['start']}, {operands['end']} + 1)"
            return _Plan(_PRIMES, "len(primes)", _PRIME_LIST.format(numbers=numbers))
        case "letter_counting":
            return _Plan(
                _LETTERS, f'text.lower().count("{operands["letter"]}")', f'text = "{operands["text"]}"'
            )
        case "spell_backward":
            return _Plan(_BACKWARD, f'"{operands["word"]}"[::-1]')
        case "simple_equations":
            equation = operands["equation"].replace("=", "==")
            variable = operands["variable"]
            search = f"for {variable} in range(1, 1001):\n    if {equation}:\n        {{result}}"
            return _Plan([one.format(variable=variable) for one in _EQUATION], variable, search)
        case "leg_counting":
            return _legs(operands["animals"])
        case "fraction_simplification":
            return _fraction(operands["fraction"])
    raise KeyError(family)


def _list(numbers: Sequence[int]) -> str:
    return ", ".join(str(number) for number in numbers)


def _legs(animals: Mapping[str, int]) -> _Plan:
    legs = legs_of(animals)
    known = ", ".join(f"{plural(animal)} {legs[animal]}" for animal in animals)
    thoughts = [one.format(known=known) for one in _LEGS]
    return _Plan(thoughts, " + ".join(f"{count} * {legs[animal]}" for animal, count in animals.items()))


def _fraction(fraction: str) -> _Plan:
    numerator, denominator = fraction.split("/")
    setup = f"import math\nd = math.gcd({numerator}, {denominator})"
    return _Plan(_FRACTION, f'f"{{{numerator} // d}}/{{{denominator} // d}}"', setup)


def _mistake(family: str, operands: Mapping[str, Any]) -> _Mistake | None:
    match family:
        case "gcd" | "lcm":
            code = f"final_answer(math.{family}({_list(operands['numbers'])}))"
            return _Mistake(code, "The module math must be imported first.")
        case "chain_sum":
            terms = operands["expression"].replace("- ", "-").replace("+ ", "")
            code = f"final_answer(sum({', '.join(terms.split())}))"
            return _Mistake(code, "sum does not take several numbers. I write the expression itself.")
        case "count_primes":
            numbers = f"range({operands['start']}, {operands['end']} + 1)"
            code = f"primes = [n for n in {numbers} if is_prime(n)]\nfinal_answer(len(primes))"
            return _Mistake(code, "There is no function is_prime, so I test the divisors.")
        case "letter_counting":
            code = f'text = "{operands["text"]}"\nfinal_answer(text.lower.count("{operands["letter"]}"))'
            return _Mistake(code, "lower is a method and needs parentheses.")
        case "spell_backward":
            code = f'final_answer(reverse("{operands["word"]}"))'
            return _Mistake(code, "There is no function reverse. A slice with step -1 reverses a text.")
        case "simple_equations":
            code = f'final_answer(solve("{operands["equation"]}"))'
            return _Mistake(code, "There is no function solve, so I try the values in a loop.")
        case "fraction_simplification":
            code = f"final_answer(simplify({operands['fraction']}))"
            return _Mistake(code, "There is no function simplify. I divide both by their common divisor.")
    return None


_FACTORIZATION = """n, p, factors = {number}, 2, []
while n > 1:
    if n % p == 0:
        factors.append(str(p))
        n //= p
    else:
        p += 1"""
_PRIME_LIST = "primes = [n for n in {numbers} if n > 1 and all(n % d for d in range(2, n))]"

_GCD = (
    "math.gcd computes the greatest common divisor.",
    "I use math.gcd for the greatest common divisor.",
    "The greatest common divisor of the numbers is what math.gcd returns.",
    "Python's math module has a function for the greatest common divisor.",
)
_LCM = (
    "math.lcm computes the least common multiple.",
    "I use math.lcm for the least common multiple.",
    "The least common multiple of the numbers is what math.lcm returns.",
    "Python's math module has a function for the least common multiple.",
)
_EXPRESSION = (
    "Python can evaluate the expression.",
    "I let Python calculate this.",
    "I write the expression in Python.",
    "This is plain arithmetic, so the code is the expression itself.",
)
_HEXADECIMAL = ("Python evaluates the expression, and hex writes it in hexadecimal.",)
_BITS = ("bin writes the number in binary, and count counts the ones.",)
_FACTORS = (
    "I divide by the smallest possible prime until 1 remains.",
    "I collect the prime factors by trial division, from 2 upward.",
    "Trial division gives the prime factors in increasing order.",
)
_PRIMES = (
    "I list the primes in the interval and count them.",
    "I test each number of the interval for divisors and count the primes.",
    "A number is prime if no smaller number from 2 on divides it. I count those.",
)
_LETTERS = (
    "I count the letter in the text in lower case.",
    "In lower case, count finds both forms of the letter.",
    "The method count does this, after lower.",
)
_BACKWARD = (
    "A slice with step -1 reverses the word.",
    "I reverse the word with a slice.",
    "Reading the word from right to left is [::-1].",
)
_EQUATION = (
    "I try values of {variable} until the equation holds.",
    "I search for the {variable} that makes both sides equal.",
    "A loop over {variable} finds the solution.",
)
_LEGS = (
    "Legs of one animal: {known}.",
    "These animals have so many legs each: {known}.",
    "I multiply by the legs of each animal: {known}.",
)
_FRACTION = (
    "I divide numerator and denominator by their greatest common divisor.",
    "Dividing both numbers by their gcd gives lowest terms.",
    "The common factor of both numbers is their gcd; I cancel it.",
)
