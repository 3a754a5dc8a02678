"""The symbolic verifier, in its child process."""

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from dataset_builder.tool_agents.scoring.maths import MathsVerifier, shared_verifier

EQUAL = [
    ("\\frac{1}{2}", "0.5"),
    ("x^2+1", "1 + x**2"),
    ("\\left( 3, \\frac{\\pi}{2} \\right)", "(3, pi/2)"),
    ("6 - 5i", "6 - 5*I"),
    ("\\text{Evelyn}", "Evelyn"),
    ("11\\sqrt2", "11*sqrt(2)"),
    ("\\{1,2\\}", "{2, 1}"),
    ("[-2,7]", "[-2, 7]"),
]
DIFFERENT = [
    ("\\frac{1}{2}", "0.51"),
    ("x^2+1", "x^2"),
    ("(1,2)", "(2,1)"),
    ("3", "__import__('os').getpid()"),
    ("3", "(" * 50),
    ("3", "3" * 5_000),
]


@pytest.mark.parametrize(("reference", "answer"), EQUAL)
def test_equal_values(reference: str, answer: str) -> None:
    assert shared_verifier().same(reference, answer)


@pytest.mark.parametrize(("reference", "answer"), DIFFERENT)
def test_different_values(reference: str, answer: str) -> None:
    assert not shared_verifier().same(reference, answer)


def test_threads_share_it() -> None:
    with ThreadPoolExecutor(4) as threads:
        assert all(threads.map(lambda pair: shared_verifier().same(*pair), EQUAL))


def test_an_expression_that_never_ends_is_killed_and_the_next_is_compared() -> None:
    verifier = MathsVerifier(seconds=2)
    try:
        start = time.monotonic()
        assert not verifier.same("x", "9**9**9**9**9 + factorial(10**9)")
        assert time.monotonic() - start < 60  # the start of the child included
        assert verifier.same("\\frac{1}{2}", "1/2")
    finally:
        verifier.close()


def test_a_killed_child_is_started_again() -> None:
    verifier = MathsVerifier()
    try:
        assert verifier.same("\\frac{1}{2}", "1/2")
        assert verifier._process is not None
        os.kill(verifier._process.pid, signal.SIGKILL)
        verifier._process.wait()
        assert verifier.same("\\frac{1}{2}", "1/2")
    finally:
        verifier.close()
