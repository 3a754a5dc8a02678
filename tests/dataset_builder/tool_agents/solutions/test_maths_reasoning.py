"""Worked steps without tools."""

from typing import Any

import pytest

from dataset_builder.tool_agents.solutions.maths_reasoning import reasoning


@pytest.mark.parametrize(
    ("family", "operands", "expected"),
    [
        ("gcd", {"numbers": [46, 12]}, "46 = 3 * 12 + 10. 12 = 1 * 10 + 2. 10 = 5 * 2 + 0. "
            "The last remainder before 0 is 2."),
        ("lcm", {"numbers": [4, 6, 9]}, "lcm(4, 6) = 4 * 6 / 2 = 12. lcm(12, 9) = 12 * 9 / 3 = 36."),
        ("basic_arithmetic", {"expression": "2 - -( 3 + 1 ) * 5"}, "3 + 1 = 4. -4 * 5 = -20. 2 - -20 = 22."),
        ("decimal_chain_sum", {"expression": "0.1 + 0.2 - 1.05"}, "0.1 + 0.2 = 0.3. 0.3 - 1.05 = -0.75."),
        ("bitwise_arithmetic", {"expression": "(0x1f << 0x1)"}, "0x1f << 0x1 = 0x3e."),
        ("count_bits", {"number": 10}, "In binary, 10 is 1010."),
        ("prime_factorization", {"number": 45}, "45 / 3 = 15. 15 / 3 = 5. 5 / 5 = 1."),
        ("count_primes", {"start": 1, "end": 7}, "The primes from 1 to 7: 2, 3, 5, 7."),
        ("count_primes", {"start": 24, "end": 28}, "The primes from 24 to 28: none."),
        ("letter_counting", {"letter": "t", "text": "The tent"}, "The: 1, tent: 2."),
        ("spell_backward", {"word": "sun"}, "The letters from the last to the first: n, u, s."),
        ("simple_equations", {"equation": "3*x - 4 = 5", "variable": "x"}, "3*x = 9. x = 9 / 3."),
        ("leg_counting", {"animals": {"cat": 2, "bee": 1}}, "Cats: 2 * 4 = 8. Bees: 1 * 6 = 6. "
            "Together: 14."),
        ("fraction_simplification", {"fraction": "6/4"}, "6 = 1 * 4 + 2. 4 = 2 * 2 + 0. The last remainder "
            "before 0 is 2. 6 / 2 = 3. 4 / 2 = 2."),
    ],
)  # fmt: skip
def test_steps(family: str, operands: dict[str, Any], expected: str) -> None:
    assert reasoning(family, operands) == expected
