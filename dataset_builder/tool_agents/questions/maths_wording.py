"""How the maths questions of `open` are worded, beside the texts of reasoning-gym.

The placeholders are the names in `operands`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

_EXPRESSION = (
    "What is {expression}?",
    "Calculate {expression}.",
    "Work out the value of {expression}.",
    "Evaluate {expression} and give the result.",
)

TEMPLATES: Mapping[str, Sequence[str]] = {
    "gcd": (
        "What is the greatest common divisor of {numbers}?",
        "Which is the largest number that divides {numbers} without remainder?",
        "Compute the GCD of {numbers}.",
        "Find the highest common factor of {numbers}.",
    ),
    "lcm": (
        "What is the least common multiple of {numbers}?",
        "Which is the smallest positive number that is a multiple of {numbers}?",
        "Compute the LCM of {numbers}.",
        "Find the lowest common multiple of {numbers}.",
    ),
    "chain_sum": _EXPRESSION,
    "basic_arithmetic": _EXPRESSION,
    "products": (*_EXPRESSION, "What is the product in {expression}?"),
    "prime_factorization": (
        "Write {number} as a product of primes, smallest first, like 2 × 2 × 3.",
        "What is the prime factorization of {number}? Answer in the form 2 × 2 × 3.",
        "Factor {number} into primes, in the form 2 × 2 × 3.",
        "Which primes multiply to {number}? Write them in increasing order, like 2 × 2 × 3.",
    ),
    "count_primes": (
        "How many primes are there from {start} to {end}, both included?",
        "Count the prime numbers from {start} to {end} inclusive.",
        "How many numbers from {start} to {end} (inclusive) are prime?",
        "What is the number of primes p with {start} <= p <= {end}?",
    ),
    "letter_counting": (
        'How many letters "{letter}", upper or lower case, are in "{text}"?',
        'Count the letter "{letter}" in this text, ignoring case: "{text}"',
        'In the text "{text}", how often does the letter "{letter}" occur (in either case)?',
        'What is the number of times that "{letter}" or its capital occurs in "{text}"?',
    ),
    "spell_backward": (
        'Write the word "{word}" backward.',
        'What is "{word}" spelled backward?',
        'Reverse the letters of "{word}".',
        'Which string do you get if you read "{word}" from right to left?',
    ),
    "simple_equations": (
        "What is {variable} if {equation}?",
        "Find the value of {variable} in the equation {equation}.",
        "For which {variable} does {equation} hold?",
        "The equation {equation} has one solution. What is {variable}?",
    ),
    "leg_counting": (
        "How many legs do {animals} have in total?",
        "A zoo counts its animals: {animals}. How many legs is that together?",
        "Add up the legs of {animals}.",
        "On a farm there are these animals: {animals}. What is the total number of legs?",
    ),
    "fraction_simplification": (
        "Reduce {fraction} to lowest terms.",
        "What is {fraction} in lowest terms? Answer as a/b.",
        "Write {fraction} as a fraction that cannot be reduced further.",
        "Cancel the common factors in {fraction} and give the fraction.",
    ),
    "decimal_chain_sum": _EXPRESSION,
    "count_bits": (
        "How many ones does {number} have in binary?",
        "Write {number} in base 2: how many digits are 1?",
        "How many bits of the number {number} are set?",
        "Count the digits 1 in the binary form of {number}.",
    ),
    "bitwise_arithmetic": (
        "What is {expression}? Answer in hexadecimal; a negative answer begins with -0x.",
        "Evaluate {expression} with integers of any size. Give the result in hexadecimal, like 0x1f or -0x3.",
        "Calculate {expression} and write the result in hexadecimal, for example 0x2a, or -0x2a.",
    ),
}
"""Family → templates."""


def operands(family: str, metadata: Mapping[str, Any]) -> dict[str, Any]:
    """The values by which a question differs from others of its family, from an entry's metadata.

    Returns:
        `dict[str, Any]`: JSON values, such as `{"numbers": [12, 18]}` for `gcd`. The program teacher writes
        its code from them.
    """
    match family:
        case "gcd" | "lcm":
            return {"numbers": list(metadata["numbers"])}
        case "chain_sum" | "basic_arithmetic" | "products" | "decimal_chain_sum":
            return {"expression": metadata["expression"]}
        case "prime_factorization" | "count_bits":
            return {"number": metadata["number"]}
        case "count_primes":
            return {"start": metadata["start"], "end": metadata["end"]}
        case "letter_counting":
            return {"letter": metadata["target_letter"], "text": " ".join(metadata["span"])}
        case "spell_backward":
            return {"word": metadata["word"]}
        case "simple_equations":
            return {"equation": metadata["equation"], "variable": metadata["variable"]}
        case "leg_counting":
            return {"animals": dict(metadata["animals"])}
        case "fraction_simplification":
            return {"fraction": f"{metadata['numerator']}/{metadata['denominator']}"}
        case "bitwise_arithmetic":
            return {"expression": metadata["problem"]}
    raise ValueError(f"no family {family!r}")


_PLURALS = {"woodlouse": "woodlice"} | {
    name: name for name in ("deer", "jellyfish", "sheep", "shrimp", "starfish")
}


def plural(animal: str) -> str:
    """The plural of an animal's name."""
    if animal in _PLURALS:
        return _PLURALS[animal]
    if animal.endswith(("s", "ch")):
        return f"{animal}es"
    return f"{animal[:-1]}ies" if animal.endswith("y") else f"{animal}s"
