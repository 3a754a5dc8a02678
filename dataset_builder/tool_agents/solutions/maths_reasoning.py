"""Worked steps without tools for the maths families: what the chain-of-thought baseline learns."""

import ast
import math
import operator
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from dataset_builder.tool_agents.questions.maths_wording import plural
from dataset_builder.tool_agents.solutions.legs import legs_of

_OPERATIONS: Mapping[type, tuple[str, Callable[[Any, Any], Any]]] = {
    ast.Add: ("+", operator.add),
    ast.Sub: ("-", operator.sub),
    ast.Mult: ("*", operator.mul),
    ast.LShift: ("<<", operator.lshift),
    ast.RShift: (">>", operator.rshift),
    ast.BitAnd: ("&", operator.and_),
    ast.BitOr: ("|", operator.or_),
    ast.BitXor: ("^", operator.xor),
}


def reasoning(family: str, operands: Mapping[str, Any]) -> str:
    """The steps that lead to the answer, without the sentence that states it.

    Args:
        family (`str`): a name of `MATHS_FAMILIES`.
        operands (`Mapping[str, Any]`): as the question's metadata has them; see `maths_wording.operands`.
    """
    match family:
        case "gcd":
            return " ".join(_euclid(*operands["numbers"]))
        case "lcm":
            return _lcm(operands["numbers"])
        case "chain_sum" | "basic_arithmetic" | "products":
            return _evaluation(operands["expression"], int)
        case "decimal_chain_sum":
            return _evaluation(operands["expression"], Decimal)
        case "bitwise_arithmetic":
            return _evaluation(operands["expression"], lambda text: int(text, 16), hex)
        case "count_bits":
            return f"In binary, {operands['number']} is {operands['number']:b}."
        case "prime_factorization":
            return _divisions(operands["number"])
        case "count_primes":
            return _primes(operands["start"], operands["end"])
        case "letter_counting":
            return _letters(operands["letter"], operands["text"])
        case "spell_backward":
            return f"The letters from the last to the first: {', '.join(reversed(operands['word']))}."
        case "simple_equations":
            return _equation(operands["equation"], operands["variable"])
        case "leg_counting":
            return _legs(operands["animals"])
        case "fraction_simplification":
            return _fraction(*map(int, operands["fraction"].split("/")))
    raise KeyError(family)


def _euclid(larger: int, smaller: int) -> list[str]:
    larger, smaller = max(larger, smaller), min(larger, smaller)
    steps = []
    while smaller:
        steps.append(f"{larger} = {larger // smaller} * {smaller} + {larger % smaller}.")
        larger, smaller = smaller, larger % smaller
    return [*steps, f"The last remainder before 0 is {larger}."]


def _lcm(numbers: list[int]) -> str:
    steps = []
    multiple = numbers[0]
    for number in numbers[1:]:
        divisor = math.gcd(multiple, number)
        step = f"lcm({multiple}, {number}) = {multiple} * {number} / {divisor}"
        multiple = math.lcm(multiple, number)
        steps.append(f"{step} = {multiple}.")
    return " ".join(steps)


def _evaluation(expression: str, number: Callable[[str], Any], shown: Callable[[Any], str] = str) -> str:
    """An expression, one operation after another."""
    steps: list[str] = []

    def value(node: ast.AST) -> Any:
        match node:
            case ast.Expression():
                return value(node.body)
            case ast.BinOp():
                left, right = value(node.left), value(node.right)
                symbol, operation = _OPERATIONS[type(node.op)]
                result = operation(left, right)
                steps.append(f"{shown(left)} {symbol} {shown(right)} = {shown(result)}.")
                return result
            case ast.UnaryOp():
                return -value(node.operand)
        return number(ast.get_source_segment(expression, node) or "")

    expression = expression.strip()
    value(ast.parse(expression, mode="eval"))
    return " ".join(steps)


def _divisions(number: int) -> str:
    steps, prime = [], 2
    while number > 1:
        if number % prime == 0:
            steps.append(f"{number} / {prime} = {number // prime}.")
            number //= prime
        else:
            prime += 1
    return " ".join(steps)


def _primes(start: int, end: int) -> str:
    primes = [n for n in range(max(start, 2), end + 1) if all(n % d for d in range(2, math.isqrt(n) + 1))]
    listed = ", ".join(str(prime) for prime in primes) or "none"
    return f"The primes from {start} to {end}: {listed}."


def _letters(letter: str, text: str) -> str:
    counts = [(word, word.lower().count(letter)) for word in text.split()]
    return ", ".join(f"{word}: {count}" for word, count in counts) + "."


def _equation(equation: str, variable: str) -> str:
    """A linear equation with the unknown on the left, reduced to a coefficient and a constant."""
    left, right = (side.strip() for side in equation.split("="))
    at_zero, at_one = (_linear(left, variable, value) for value in (0, 1))
    slope, rest = at_one - at_zero, int(right) - at_zero
    return f"{slope}*{variable} = {rest}. {variable} = {rest} / {slope}."


def _linear(expression: str, variable: str, value: int) -> int:
    def at(node: ast.AST) -> int:
        match node:
            case ast.Expression():
                return at(node.body)
            case ast.BinOp():
                return int(_OPERATIONS[type(node.op)][1](at(node.left), at(node.right)))
            case ast.UnaryOp():
                return -at(node.operand)
            case ast.Constant():
                return int(str(node.value))
        return value

    return at(ast.parse(expression, mode="eval"))


def _legs(animals: Mapping[str, int]) -> str:
    legs = legs_of(animals)
    steps = [
        f"{plural(animal).capitalize()}: {count} * {legs[animal]} = {count * legs[animal]}."
        for animal, count in animals.items()
    ]
    total = sum(count * legs[animal] for animal, count in animals.items())
    return f"{' '.join(steps)} Together: {total}."


def _fraction(numerator: int, denominator: int) -> str:
    divisor = math.gcd(numerator, denominator)
    return (
        f"{' '.join(_euclid(numerator, denominator))} {numerator} / {divisor} = {numerator // divisor}. "
        f"{denominator} / {divisor} = {denominator // divisor}."
    )
