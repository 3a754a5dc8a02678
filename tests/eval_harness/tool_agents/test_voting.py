"""The vote over candidates: by what they print and what they answer."""

from dataset_builder.tool_agents.sandbox import Sandbox
from eval_harness.tool_agents.voting import choose_step
from tests.eval_harness.tool_agents.conftest import code


def test_the_final_answer_is_voted_on_even_if_nothing_is_printed(sandbox: Sandbox) -> None:
    with sandbox.open() as session:
        texts = [code("final_answer(4)"), code("final_answer(5)"), code("x = 5\nfinal_answer(x)")]
        chosen = choose_step(texts, session)
    assert chosen.execution.answer == 5
    assert (chosen.votes, chosen.candidates, chosen.text) == (2, 3, texts[1])


def test_equal_answers_of_other_types_vote_together(sandbox: Sandbox) -> None:
    with sandbox.open() as session:
        texts = [
            code("final_answer(5)"),
            code("final_answer(4)"),
            code("final_answer('4')"),
            code("final_answer(4.0)"),
        ]
        chosen = choose_step(texts, session)
    assert (chosen.text, chosen.votes) == (texts[1], 3)


def test_candidates_that_fail_or_have_no_code_are_dropped_and_counted(sandbox: Sandbox) -> None:
    with sandbox.open() as session:
        texts = ["I do not know.", code("1 / 0"), code("1 / 0"), code("print(7)")]
        chosen = choose_step(texts, session)
    assert chosen.execution.output.strip() == "7"
    assert (chosen.unparsed, chosen.failed, chosen.votes) == (1, 2, 1)


def test_if_all_fail_the_most_frequent_error_is_read(sandbox: Sandbox) -> None:
    with sandbox.open() as session:
        chosen = choose_step([code("nothing"), code("1 / 0"), code("2 / 0")], session)
        assert "ZeroDivisionError" in (chosen.execution.error or "")
        prose = choose_step(["Hm.", "Well."], session)
    assert prose.step is None
    assert (prose.execution.error or "").startswith("NoCode")


def test_candidates_do_not_see_each_other_and_the_state_of_the_chosen_one_goes_on(sandbox: Sandbox) -> None:
    with sandbox.open() as session:
        choose_step([code("total = 1")], session)
        chosen = choose_step(
            [
                code("total += 10\nprint(total)"),
                code("total += 100\nprint(total)"),
                code("total += 100;print(total)"),
            ],
            session,
        )
        assert chosen.execution.output.strip() == "101"
        assert session.run("print(total)").output.strip() == "101"
