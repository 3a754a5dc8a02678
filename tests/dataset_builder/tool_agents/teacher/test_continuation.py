"""Whether a server continues an unfinished answer, over real HTTP."""

from pathlib import Path

import pytest

from dataset_builder.common.errors import UsageError
from dataset_builder.llm.client import ChatClient
from dataset_builder.llm.completion_cache import CompletionCache
from dataset_builder.llm.session import ChatSession
from dataset_builder.tool_agents.teacher.continuation import BEGUN, check_continuation
from tests.servers.openai_server import OpenAIServer, Reply


def _session(server: OpenAIServer, folder: Path) -> ChatSession:
    return ChatSession(ChatClient("teacher", server.base_url, retries=0), CompletionCache(folder))


@pytest.mark.parametrize("text", ["nce is Paris.", f"{BEGUN}nce is Paris."], ids=["vLLM", "llama.cpp"])
def test_a_server_may_answer_with_the_rest_or_with_the_whole_sentence(text: str, tmp_path: Path) -> None:
    with OpenAIServer(lambda request: Reply(text)) as server:
        check_continuation(_session(server, tmp_path), "teacher")
    (request,) = server.requests
    assert request.messages[-1] == {"role": "assistant", "content": BEGUN}
    assert (request.body["continue_final_message"], request.body["add_generation_prompt"]) == (True, False)


def test_a_server_is_asked_once_and_its_reply_is_stored(tmp_path: Path) -> None:
    with OpenAIServer(lambda request: Reply("nce is Paris.")) as server:
        for _ in range(2):
            check_continuation(_session(server, tmp_path), "teacher")
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        (
            Reply("The capital of France is Paris."),
            "begins a new answer instead of continuing an unfinished one",
        ),
        (
            Reply(status=400, error="Unrecognized request argument supplied: add_generation_prompt"),
            "refuses to continue an unfinished answer .*Unrecognized request argument",
        ),
    ],
)
def test_a_server_without_continuation_is_refused_with_a_remedy(
    reply: Reply, message: str, tmp_path: Path
) -> None:
    with (
        OpenAIServer(lambda request: reply) as server,
        pytest.raises(UsageError, match=message + ".*vLLM, SGLang or llama-server, or omit --first-thought"),
    ):
        check_continuation(_session(server, tmp_path), "teacher")
    assert len(server.requests) == 1
