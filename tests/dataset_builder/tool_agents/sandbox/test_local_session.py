"""Sessions of the local sandbox: state, candidates, tools, results."""

from collections.abc import Iterator

import pytest

from dataset_builder.common.errors import SubgoalError, UsageError
from dataset_builder.tool_agents.sandbox import Execution, Limits, LocalSession, Sandbox


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(Limits(wall_seconds=10, max_output=200, tool_calls=5)) as sandbox:
        yield sandbox


@pytest.fixture
def session(sandbox: Sandbox) -> Iterator[LocalSession]:
    with sandbox.open() as session:
        yield session


def test_state_is_kept_and_only_prints_are_output(session: LocalSession) -> None:
    assert session.run("x = 3\nx") == Execution("", None, None, 0)
    assert session.run("def double(n):\n    return 2 * n\nprint(double(x))").output == "6\n"
    assert session.run("import math\nfinal_answer(double(x) + math.gcd(4, 6))\nx = 100").answer == 8
    assert session.run("print(x)").output == "3\n"


def test_code_means_what_it_means_in_python(session: LocalSession) -> None:
    loops = (
        "for n in range(3):\n    pass\nelse:\n    print('end')\nwhile n:\n    break\nelse:\n    print('no')"
    )
    assert session.run(loops).output == "end\n"
    assert (
        session.run("match [1, 2]:\n    case [first, *rest]:\n        print(first, rest)").output == "1 [2]\n"
    )


def test_an_error_is_one_line_and_keeps_what_ran_before_it(session: LocalSession) -> None:
    assert session.run("y = 1\nprint(y)\n1 / 0") == Execution(
        "1\n", None, "ZeroDivisionError: division by zero", 0
    )
    assert session.run("y =").error == "SyntaxError: invalid syntax (<code>, line 1)"
    assert session.run("raise ValueError('a\\nb')").error == "ValueError: a b"
    assert session.run("print(y)").output == "1\n"


@pytest.mark.parametrize(
    ("value", "answer"),
    [
        ("3", 3),
        ("'Oslo'", "Oslo"),
        ("None", "None"),
        ("float('inf')", "inf"),
        ("{'a': (1, 2.5), 'b': {3}}", {"a": [1, 2.5], "b": [3]}),
        ("__import__('fractions').Fraction(1, 3)", "1/3"),
        ("'\\ud800'", "?"),
    ],
)
def test_answers_are_json_or_text(session: LocalSession, value: str, answer: object) -> None:
    assert session.run(f"final_answer({value})").answer == answer


def test_final_answer_cannot_be_caught_as_an_exception(session: LocalSession) -> None:
    assert session.run("try:\n    final_answer(1)\nexcept Exception:\n    final_answer(2)").answer == 1


def test_candidates_run_on_copies_and_one_is_kept(session: LocalSession) -> None:
    session.run("values = [0]")
    codes = [f"values.append({number}); print(values)" for number in range(1, 9)]
    outputs = [execution.output for execution in session.run_candidates(codes)]
    assert outputs == [f"[0, {number}]\n" for number in range(1, 9)]
    session.keep(4)
    assert session.run("print(values)").output == "[0, 5]\n"


def test_another_round_without_keep_starts_from_the_same_state(session: LocalSession) -> None:
    session.run("n = 1")
    for _ in range(2):
        assert [execution.output for execution in session.run_candidates(["n += 1; print(n)"])] == ["2\n"]


def test_a_killed_candidate_is_not_kept(session: LocalSession) -> None:
    session.run("n = 1")
    executions = session.run_candidates(["n = 2", "n = 3; final_answer('x' * 10**9)"])
    assert executions[1].error == "MemoryError: more than 256 MB"
    session.keep(0)
    assert session.run("print(n)").output == "2\n"


def test_too_many_candidates(session: LocalSession) -> None:
    with pytest.raises(UsageError, match="100 candidates at once"):
        session.run_candidates(["1"] * 100)


def test_a_search_is_sent_once(sandbox: Sandbox) -> None:
    queries = []

    def search(query: str) -> str:
        queries.append(query)
        return f"[1] {query}"

    with sandbox.open({"search": search}) as session:
        executions = session.run_candidates(
            ["print(search('Oslo'))"] * 3 + ["search('Oslo'); search('Bergen')"]
        )
        assert [execution.searches for execution in executions] == [1, 1, 1, 2]
        session.keep(0)
        assert session.run("print(search('Oslo'))").output == "[1] Oslo\n"
    assert sorted(queries) == ["Bergen", "Oslo"]


def test_errors_of_tools(sandbox: Sandbox) -> None:
    def search(query: str) -> str:
        if not query:
            raise ValueError("an empty query")
        raise SubgoalError("The server is down.")

    with sandbox.open({"search": search}) as session:
        assert session.run("search('')").error == "RuntimeError: an empty query"
        assert "search() missing 1 required" in str(session.run("search()").error)
        # What is not the agent's mistake is not shown to it.
        with pytest.raises(SubgoalError, match="server is down"):
            session.run("search('Oslo')")
        assert "interpreter of this session has ended" in str(session.run("1").error)


def test_an_error_of_a_tool_is_no_result(sandbox: Sandbox) -> None:
    with sandbox.open({"search": {"Oslo": "Norway"}.__getitem__}) as session:
        assert session.run("print(search('Oslo'))").output == "Norway\n"
        with pytest.raises(KeyError, match="Bergen"):
            session.run("search('Bergen')")


def test_calls_of_tools_are_limited(sandbox: Sandbox) -> None:
    with sandbox.open({"search": str}) as session:
        execution = session.run("for number in range(10): search(number)")
        assert execution.error == "RuntimeError: more than 5 calls of tools"
        code = "while True:\n    try: search(1)\n    except RuntimeError: pass"
        assert session.run(code).error == "killed: it misused the channel of its tools"


def test_output_is_cut_and_a_long_answer_is_an_error(session: LocalSession) -> None:
    assert session.run("for _ in range(10**5): print('x' * 1000)").output == "x" * 200
    assert "more than 200 characters" in str(session.run("final_answer('x' * 1000)").error)
    assert "more than 100000 characters" in str(session.run("#" * 100_001).error)
