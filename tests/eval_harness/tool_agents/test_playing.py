"""Questions are answered step by step with real code, or at once without tools."""

from dataset_builder.llm.request_format import Message
from dataset_builder.tool_agents.retrieval.base import NoPassages
from dataset_builder.tool_agents.retrieval.bm25 import BM25Retriever
from dataset_builder.tool_agents.sandbox import Sandbox
from eval_harness.tool_agents.playing import PlaySettings, answer_at_once, play_questions, play_steps
from modeling.inference.search import Search
from tests.eval_harness.tool_agents.conftest import Scripted, code, question

CAPITAL = question("c", "What is the capital of Chad?", "N'Djamena", "facts")
SUM = question("s", "What is 2 + 3?", "5")


def _agent(messages: list[Message]) -> list[str]:
    asked, last = messages[1]["content"], messages[-1]["content"]
    if "capital" not in asked:
        return [code("x = 2 + 3")] if len(messages) == 2 else [code("final_answer(x)")]
    if "N'Djamena" in last:
        return [code('final_answer("N\'Djamena")')]
    return [code('print(search("capital of Chad"))')]


def test_agents_search_compute_and_keep_their_variables(sandbox: Sandbox, retriever: BM25Retriever) -> None:
    model = Scripted(_agent)
    results = {
        result.id: result
        for result in play_questions([CAPITAL, SUM], model, PlaySettings(), retriever, sandbox)
    }
    assert all(result.right for result in results.values())
    assert results["c"].searches == 1
    assert "[1] Chad" in results["c"].steps[0].observation
    assert results["s"].steps[0].observation == "(nothing was printed)"
    assert results["s"].steps[1].observation == ""
    assert (results["s"].answer, results["s"].read, results["s"].written) == ("5", 20, 10)


def test_faults_are_read_by_the_agent_and_counted(sandbox: Sandbox, retriever: BM25Retriever) -> None:
    texts = iter(
        [
            "I think it is 5.",
            code("1 / 0"),
            code("import os\nos.listdir('/')"),
            code("print(5)"),
            code("y = 1"),
        ]
    )
    model = Scripted(lambda messages: [next(texts)])
    (result,) = play_questions([SUM], model, PlaySettings(), retriever, sandbox)
    assert result.answer is None
    assert not result.right
    assert [step.unparsed for step in result.steps] == [1, 0, 0, 0, 0]
    assert [step.failed for step in result.steps] == [0, 1, 1, 0, 0]
    read = [messages[-1]["content"] for messages in model.asked]
    assert "NoCode" in read[1]
    assert "ZeroDivisionError" in read[2]
    assert "os is not allowed" in read[3]
    # What it wrote without code stays in the conversation as it was.
    assert model.asked[1][2] == {"role": "assistant", "content": "I think it is 5."}


def test_more_questions_than_the_batch_are_all_answered(sandbox: Sandbox, retriever: BM25Retriever) -> None:
    many = [question(str(number), f"What is {number} + 1?", str(number + 1)) for number in range(7)]

    def add(messages: list[Message]) -> list[str]:
        return [code(f"final_answer({messages[1]['content'].split()[2]} + 1)")]

    results = list(play_questions(many, Scripted(add), PlaySettings(batch_size=3), retriever, sandbox))
    assert [result.right for result in results] == [True] * 7


def test_baselines_answer_at_once_and_vote(retriever: BM25Retriever) -> None:
    model = Scripted(
        lambda messages: ["The answer is 4.", "2 + 3 = 5. The answer is 5.", "The answer is 5.", "Hm."]
    )
    (voted,) = play_questions([SUM], model, PlaySettings("cot", Search(samples=4)))
    assert (voted.answer, voted.right, voted.text) == ("5", True, "2 + 3 = 5. The answer is 5.")
    model = Scripted(lambda messages: ["N'Djamena, I think."])
    (silent,) = play_questions([CAPITAL], model, PlaySettings("cot-rag"), retriever)
    assert silent.answer is None
    assert model.asked[0][1]["content"].startswith("[1] Chad: The capital of Chad")


def test_the_steps_of_one_question_come_one_by_one(sandbox: Sandbox, retriever: BM25Retriever) -> None:
    model = Scripted(_agent)
    steps = play_steps(CAPITAL.question, model, PlaySettings(), retriever, sandbox)
    first = next(steps)
    assert "[1] Chad" in first.observation
    assert len(model.asked) == 1  # nobody waits for the second step to see the first
    assert first.answer is None
    assert [step.answer for step in steps] == ["N'Djamena"]
    never = Scripted(lambda messages: [code("print(search('Chad'))")])
    steps = play_steps("Where?", never, PlaySettings(max_steps=2), NoPassages(), sandbox)
    assert ["search" in step.observation for step in steps] == [True, True]  # not defined without passages


def test_one_question_is_answered_at_once() -> None:
    model = Scripted(lambda messages: ["2 + 3 = 5. The answer is 5."])
    assert answer_at_once(SUM.question, model, PlaySettings("cot")) == ("2 + 3 = 5. The answer is 5.", "5")
    assert answer_at_once("?", Scripted(lambda messages: ["Hm."]), PlaySettings("cot")) == ("Hm.", None)
