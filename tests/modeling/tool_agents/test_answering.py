"""Models that answer conversations: behind a server and on this machine."""

from pathlib import Path

import pytest

from dataset_builder.common.errors import UsageError
from dataset_builder.tool_agents.conversation import agent_messages
from modeling.checkpoints.load import load_checkpoint
from modeling.inference.search import Answer, Search
from modeling.tool_agents.answering import LocalChat, open_chat
from modeling.tool_agents.learners import LEARNERS, Learner
from tests.modeling.tiny_models import save_tiny
from tests.servers.openai_server import ChatRequest, OpenAIServer, Reply

CONVERSATIONS = [agent_messages("What is 2 + 3?"), agent_messages("What is bad?")]
AGENT = LEARNERS["agent"]


def _reply(request: ChatRequest) -> Reply:
    if "bad" in request.messages[-1]["content"]:
        return Reply(status=400, error="the prompt was flagged by moderation")
    return Reply("Thought: Add.\n```python\nfinal_answer(2 + 3)\n```")


def test_a_prompt_that_a_server_rejects_is_no_answer_and_the_others_are_kept(tmp_path: Path) -> None:
    with OpenAIServer(_reply, models=("m",)) as server:
        for _ in range(2):  # the second time from the stored answers
            model = open_chat("openai:m", AGENT, base_url=server.base_url, ledger=str(tmp_path))
            good, bad = model.answer(CONVERSATIONS, Search())
            assert "final_answer(2 + 3)" in good.raw
            assert (bad.raw, bad.drawn) == ("", ("",))
    answered = [request for request in server.requests if "bad" not in request.messages[-1]["content"]]
    assert len(answered) == 1
    assert model.describe() == {"id": "openai:m", "kind": "served"}


def test_a_model_here_answers_by_either_engine_alike(tmp_path: Path) -> None:
    folder = str(save_tiny("llama", tmp_path / "tiny"))
    texts = []
    for backend in ("transformers", "ctranslate2"):
        model = open_chat(folder, AGENT, backend=backend, max_new_tokens=8)
        texts.append([answer.raw for answer in model.answer(CONVERSATIONS, Search())])
        assert model.describe()["backend"] == backend
    assert texts[0] == texts[1]


@pytest.mark.parametrize("backend", ["transformers", "ctranslate2"])
def test_a_question_that_is_too_long_is_no_answer_and_the_others_are_kept(
    backend: str, tmp_path: Path
) -> None:
    folder = str(save_tiny("llama", tmp_path / "tiny"))
    model = open_chat(folder, AGENT, backend=backend, max_new_tokens=8)
    short, long = agent_messages("2 + 3?"), agent_messages("2 + 3? " * 800)
    alone = model.answer([short], Search())
    assert alone[0].read > 0
    assert model.answer([long, short], Search()) == [Answer([], read=0, written=0, drawn=("",)), *alone]
    assert model.answer([long], Search())[0].drawn == ("",)


def test_what_cannot_answer_is_one_line(tmp_path: Path) -> None:
    folder = str(save_tiny("gpt2", tmp_path / "tiny", positions=128))
    with pytest.raises(UsageError, match="has room for 128 tokens, 256 of them for the answer"):
        open_chat(folder, AGENT)
    with pytest.raises(UsageError, match="--base-url is for openai:MODEL"):
        open_chat(folder, AGENT, base_url="http://127.0.0.1:1/v1")
    with pytest.raises(UsageError, match="Unknown backend 'onnx'"):
        open_chat(folder, AGENT, backend="onnx", max_new_tokens=8)
    with pytest.raises(UsageError, match="needs a causal model"):
        open_chat("release/flat", AGENT)


def test_a_model_answers_in_another_way_with_the_same_weights(tmp_path: Path) -> None:
    checkpoint = load_checkpoint(str(save_tiny("llama", tmp_path / "model")))
    brief = LocalChat(checkpoint, Learner("brief", "agent", bool), "transformers", 8)
    cot = brief.answering_as(LEARNERS["cot"])
    asked = [agent_messages("What is 7 times 8?")]
    ((short,), (long,)) = (model.answer(asked, Search()) for model in (brief, cot))
    assert short.written < long.written
    assert long.raw.startswith(short.raw)
    assert brief.answer(asked, Search()) == [short]  # it goes on as before
    assert cot.describe() == brief.describe()
