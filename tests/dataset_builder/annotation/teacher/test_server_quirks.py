"""What real servers do otherwise than OpenAI's: understood, or named by its true reason.

Each case is one that users of these servers have reported; see `tests/reports.md`.
"""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dataset_builder.annotation.annotators import NotAnnotated, TrajectoryRejected
from dataset_builder.annotation.rules.annotator import RulesAnnotator
from dataset_builder.annotation.teacher.annotator import LLMAnnotator
from dataset_builder.common.errors import SubgoalError, UsageError
from dataset_builder.llm.completion_cache import CompletionCache
from dataset_builder.llm.errors import RequestFailed
from dataset_builder.trajectories.trajectory import Trajectory
from tests.dataset_builder.annotation.teacher.oracle import KEY, Oracle
from tests.servers.openai_server import ChatRequest, OpenAIServer, Reply

Make = Callable[..., LLMAnnotator]
JSON = {"content-type": "application/json"}


@pytest.fixture
def path(paths: list[Trajectory]) -> Trajectory:
    return next(path for path in paths if path.task == "chemistry-mix")


def body(value: Any, status: int = 400) -> Reply:
    """An answer with this body."""
    return Reply(status=status, raw=json.dumps(value), headers=JSON)


REFUSED_FORMATS = {
    "LM Studio": body({"error": "'response_format.type' must be 'json_object' or 'text'"}),
    "TGI": body({"error": "Grammar error: invalid regex", "error_type": "validation"}, 422),
    "FastAPI": body(
        {"detail": [{"type": "extra_forbidden", "loc": ["body", "response_format"], "msg": "Not permitted"}]},
        422,
    ),
    "vLLM": body({"object": "error", "message": "Unsupported schema for guided decoding", "code": 400}),
    "message alone": body({"message": "response_format is not supported"}),
    "plain text": Reply(status=400, raw="json_schema is not supported"),
    "page": Reply(
        status=500, raw="<html><head><title>500</title></head><body>No structured output</body></html>"
    ),
    "OpenRouter": body(
        {
            "error": {
                "message": "Provider returned error",
                "metadata": {"raw": '{"error":{"message":"unknown field: json_schema"}}'},
            }
        }
    ),
    "in a 200": body({"error": {"message": "response_format is not supported", "code": 400}}, 200),
    "in a stream": Reply(
        raw='data: {"error":"Input validation error: grammar is not supported","error_type":"validation"}\n\n'
    ),
}


@pytest.mark.parametrize("refusal", REFUSED_FORMATS.values(), ids=REFUSED_FORMATS)
def test_a_refused_format_is_understood_whatever_the_form_of_the_error(
    refusal: Reply, oracle: Oracle, path: Trajectory, make_annotator: Make
) -> None:
    def behave(request: ChatRequest) -> Reply:
        return refusal if request.wanted == "json_schema" else oracle(request)

    with OpenAIServer(behave) as server:
        made = make_annotator(server.base_url, retries=0).annotation(path)
    assert made.segments == RulesAnnotator().annotate(path)
    assert made.provenance["answer_format"] == "json_object"
    assert len(server.requests) == 2


REFUSED_SYSTEM_ROLES = {
    "vLLM": body({"object": "error", "message": "System role not supported", "code": 400}),
    "LoRAX": body(
        {
            "error": "Request failed during generation: Server error: Conversation roles must alternate "
            "user/assistant/user/assistant/...",
            "error_type": "generation",
        },
        424,
    ),
    "o1": body(
        {"error": {"message": "Unsupported value: 'messages[0].role' does not support 'system' here."}}
    ),
    "Google": body([{"error": {"code": 400, "message": "Developer instruction is not enabled for gemma-3"}}]),
    "SGLang": body({"message": "jinja2: System role not supported"}, 500),
}


@pytest.mark.parametrize("refusal", REFUSED_SYSTEM_ROLES.values(), ids=REFUSED_SYSTEM_ROLES)
def test_a_system_role_that_is_refused_is_folded_into_the_users_message(
    refusal: Reply, oracle: Oracle, paths: list[Trajectory], make_annotator: Make
) -> None:
    def behave(request: ChatRequest) -> Reply:
        return refusal if request.messages[0]["role"] == "system" else _folded(oracle, request)

    with OpenAIServer(behave) as server:
        for path in paths[:2]:
            made = make_annotator(server.base_url, retries=0).annotation(path)
            assert made.segments == RulesAnnotator().annotate(path)
    first, second, third = server.requests  # the next annotator remembers it
    assert [message["role"] for message in second.messages[:2]] == ["user", "assistant"]
    assert second.messages[0]["content"].startswith(first.messages[0]["content"])
    assert third.messages[0]["content"].startswith(first.messages[0]["content"])


def _folded(oracle: Oracle, request: ChatRequest) -> Reply:
    """The oracle's answer: it knows paths by the whole message, so the last one must not be the first."""
    assert len(request.messages) > 1
    return oracle(request)


REFUSED_PLAIN_ANSWERS = {
    "DashScope": body(
        {"error": {"message": "This model only support stream mode, please enable the stream parameter"}}
    ),
    "plain": Reply(status=400, raw="Non-streaming requests are not supported"),
}


@pytest.mark.parametrize("refusal", REFUSED_PLAIN_ANSWERS.values(), ids=REFUSED_PLAIN_ANSWERS)
def test_a_server_that_only_streams_is_asked_for_a_stream(
    refusal: Reply, oracle: Oracle, paths: list[Trajectory], make_annotator: Make, tmp_path: Path
) -> None:
    def behave(request: ChatRequest) -> Reply:
        return replace(oracle(request), stream=True) if request.body.get("stream") else refusal

    with OpenAIServer(behave) as server:
        for path in paths[:2]:
            assert make_annotator(server.base_url).annotate(path) == RulesAnnotator().annotate(path)
    assert len(server.requests) == 3
    assert not any(record["estimated"] for record in CompletionCache(tmp_path).records("llm-teacher"))


def test_a_parameter_that_has_another_name(oracle: Oracle, path: Trajectory, make_annotator: Make) -> None:
    def behave(request: ChatRequest) -> Reply:
        if "max_tokens" in request.body:
            error = "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead."
            return body({"error": {"message": error, "param": "max_tokens"}})
        good = oracle(request)
        room = request.body.get("max_completion_tokens", 0)
        return good if room else replace(good, text=good.text[:40], finish="length")

    with OpenAIServer(behave) as server:
        made = make_annotator(server.base_url).annotation(path)
    assert made.segments == RulesAnnotator().annotate(path)
    assert [request.body.get("max_completion_tokens") for request in server.requests] == [None, None, 8192]


ANSWERS: dict[str, Callable[[Reply], Reply]] = {
    "reasoning in tags": lambda good: replace(good, text=f'<think>{{"segments": []}}</think>{good.text}'),
    "reasoning without an opening tag": lambda good: replace(good, text=f"Hm.</think>\n{good.text}"),
    "harmony": lambda good: replace(
        good, text=f"<|channel|>analysis<|message|>Hm<|end|><|channel|>final<|message|>{good.text}<|return|>"
    ),
    "harmony without its marks": lambda good: replace(
        good, text=f'analysisMaybe {{"segments": []}}assistantfinal{good.text}'
    ),
    "reasoning beside it": lambda good: replace(good, reasoning="I would look first."),
    "a draft before it": lambda good: replace(good, text=f'{{"segments": []}}\nBetter:\n{good.text}'),
    "an end of turn after it": lambda good: replace(
        good, text=f"{good.text}<|im_end|>\n<|im_start|>user\nWhy?"
    ),
    "a stream that nobody asked for": lambda good: replace(good, stream=True),
    "a stream that counts nothing": lambda good: replace(good, stream=True, counted=False),
    "JSON in the reasoning": lambda good: replace(good, text="", reasoning=good.text),
    "JSON in a tool call": lambda good: _message(
        {"content": None, "tool_calls": [{"function": {"name": "annotation", "arguments": good.text}}]}
    ),
    "text in parts": lambda good: _message(
        {"content": [{"type": "thinking", "thinking": "Hm."}, {"type": "text", "text": good.text}]}
    ),
    "finish reason unknown": lambda good: replace(good, finish="eos_token"),
}


def _message(message: dict[str, Any]) -> Reply:
    choices = [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", **message}}]
    return body({"choices": choices, "usage": {"prompt_tokens": 1500, "completion_tokens": 9}}, 200)


@pytest.mark.parametrize("form", ANSWERS.values(), ids=ANSWERS)
def test_an_answer_is_found_in_whatever_it_comes(
    form: Callable[[Reply], Reply], oracle: Oracle, path: Trajectory, make_annotator: Make
) -> None:
    with OpenAIServer(lambda request: form(oracle(request))) as server:
        made = make_annotator(server.base_url).annotation(path)
    assert made.segments == RulesAnnotator().annotate(path)
    assert (made.provenance["calls"], made.provenance["repairs"]) == (1, 0)
    assert made.provenance["completion_tokens"] > 0


HALF_STREAM = 'data: {"choices": [{"delta": {"content": "Half"}}]}\n\n'
PASSING = {
    "limit in a 200": body({"error": {"message": "Rate limit exceeded", "code": 429}}, 200),
    "limit in words": body({"error": "Too many requests", "error_type": "overloaded"}, 200),
    "overload in words": body({"error": "Model is overloaded", "error_type": "overloaded"}, 200),
    "provider lost": body({"choices": [{"message": {"content": "Half"}, "error": {"message": "lost"}}]}, 200),
    "finish reason error": Reply("Half an answer", finish="error"),
    "stream that breaks off": Reply(raw=HALF_STREAM),
    "error in a stream": Reply(raw=HALF_STREAM + 'data: {"error": {"code": 502, "message": "lost"}}\n\n'),
    "model that loads": body({"error": {"code": 503, "message": "Loading model"}}, 503),
}


@pytest.mark.parametrize("failure", PASSING.values(), ids=PASSING)
def test_a_failure_that_passes_is_retried_and_not_paid_for(
    failure: Reply, oracle: Oracle, path: Trajectory, make_annotator: Make, tmp_path: Path
) -> None:
    failing = replace(failure, headers={**failure.headers, "retry-after": "0.01"})
    with OpenAIServer(lambda request: oracle(request) if request.number else failing) as server:
        made = make_annotator(server.base_url, retries=1).annotation(path)
    assert made.segments == RulesAnnotator().annotate(path)
    assert len(server.requests) == 2
    assert [record["text"] for record in CompletionCache(tmp_path).records("llm-teacher")] == [
        oracle(server.requests[1]).text
    ]


REASONS: dict[str, tuple[Reply, type[SubgoalError], str]] = {
    "credits in a 200": (
        body({"error": {"message": "Insufficient credits", "code": 402}}, 200),
        SubgoalError,
        r"requires payment first \(402: Insufficient credits\)",
    ),
    "quota": (
        body({"error": {"message": "You exceeded your current quota", "code": "insufficient_quota"}}, 429),
        SubgoalError,
        "requires payment first",
    ),
    "LM Studio's wrong path": (
        body({"error": "Unexpected endpoint or method. (POST /chat/completions)"}, 200),
        UsageError,
        r"404: Unexpected endpoint.*in /v1",
    ),
    "redirect": (
        body({"detail": "Method Not Allowed"}, 405),
        UsageError,
        r"405: Method Not Allowed.*https://",
    ),
    "another path": (
        body({"detail": "Not Found"}, 404),
        UsageError,
        r"no model 'teacher' \(404: Not Found\)",
    ),
    "moderation": (
        body({"error": {"message": "Your input was flagged", "metadata": {"reasons": ["violence"]}}}, 403),
        TrajectoryRejected,
        r"refuses the request \(403: Your input was flagged",
    ),
    "gateway's page": (
        Reply(
            status=502, raw="<html><head><style>a {}</style></head><body><h1>Bad gateway</h1></body></html>"
        ),
        RequestFailed,
        r"failed \(502: Bad gateway\)",
    ),
    "5xx with a reason": (
        body({"error": {"message": "CUDA out of memory"}}, 500),
        RequestFailed,
        r"failed \(500: CUDA out of memory\)",
    ),
    "TGI's validation in a 200": (
        body({"error": "Input validation error: `inputs` must be shorter", "error_type": "validation"}, 200),
        TrajectoryRejected,
        "400: Input validation error",
    ),
    "long message": (body({"error": "x" * 5000}), TrajectoryRejected, r"400: x{200}…\)$"),
    "key in the message": (
        body({"error": f"Bad {KEY}, or sk-proj-abcdefgh"}),
        TrajectoryRejected,
        r"Bad \[key\], or \[key\]",
    ),
    "no choices": (
        body({"choices": [], "usage": {"prompt_tokens": 9}}, 200),
        RequestFailed,
        "something else than a chat completion",
    ),
    "welcome page": (
        Reply(raw="<html><title>Log in</title></html>"),
        RequestFailed,
        r"chat completion \(Log in\)",
    ),
    "content filter": (Reply("Sorry", finish="content_filter"), TrajectoryRejected, "filtered the answer"),
    "Gemini's content filter": (Reply("", finish="SAFETY"), TrajectoryRejected, "filtered the answer"),
    "cut in its reasoning": (
        Reply("<think>Hm", finish="length", usage={"prompt_tokens": 9, "completion_tokens": 9000}),
        TrajectoryRejected,
        r"cut after 9,000 tokens, before an answer began; --max-tokens",
    ),
    "nothing but reasoning": (
        Reply("", reasoning="I would look first."),
        NotAnnotated,
        "empty beside 19 characters of reasoning",
    ),
    "nothing at all": (Reply(""), NotAnnotated, "after 1 repairs: it is empty"),
    "a thought without end": (Reply("<think>Hm"), NotAnnotated, "it is reasoning without an answer"),
}


@pytest.mark.parametrize(("reply", "kind", "line"), REASONS.values(), ids=REASONS)
def test_what_cannot_be_helped_is_named(
    reply: Reply,
    kind: type[SubgoalError],
    line: str,
    path: Trajectory,
    make_annotator: Make,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    with OpenAIServer(lambda request: reply) as server, pytest.raises(kind, match=line) as caught:
        make_annotator(server.base_url, retries=0, repairs=1).annotate(path)
    assert "\n" not in str(caught.value)
    assert KEY not in str(caught.value)


def test_a_truncated_answer_is_requested_again_with_a_larger_limit(
    oracle: Oracle, paths: list[Trajectory], make_annotator: Make, caplog: pytest.LogCaptureFixture
) -> None:
    def behave(request: ChatRequest) -> Reply:  # TGI's default was 100 tokens
        good = oracle(request)
        return good if request.body.get("max_tokens") else replace(good, text=good.text[:50], finish="length")

    with OpenAIServer(behave) as server:
        made = [make_annotator(server.base_url, max_tokens=4000).annotation(path) for path in paths[:2]]
    assert [one.segments for one in made] == [RulesAnnotator().annotate(path) for path in paths[:2]]
    assert [request.body.get("max_tokens") for request in server.requests] == [None, 4000, 4000]
    assert [one.provenance["calls"] for one in made] == [2, 1]
    assert "asked again with room for 4,000 (--max-tokens)" in caplog.text


def test_room_that_the_context_has_not_is_halved(
    oracle: Oracle, path: Trajectory, make_annotator: Make, tmp_path: Path
) -> None:
    def behave(request: ChatRequest) -> Reply:
        room = request.body.get("max_tokens")
        if room and room > 3000:
            return body({"object": "error", "message": "maximum context length is 4096 tokens", "code": 400})
        good = oracle(request)
        return good if room else replace(good, text=good.text[:50], finish="length")

    with OpenAIServer(behave) as server:
        made = make_annotator(server.base_url).annotation(path)
    assert made.segments == RulesAnnotator().annotate(path)
    assert [request.body.get("max_tokens") for request in server.requests] == [None, 8192, 4096, 2048]
    assert len(list(CompletionCache(tmp_path).records("llm-teacher"))) == made.provenance["calls"] == 2


def test_an_answer_that_fills_the_context_is_not_requested_endlessly(
    path: Trajectory, make_annotator: Make
) -> None:
    usage = {"prompt_tokens": 32_767, "completion_tokens": 1}
    with OpenAIServer(lambda request: Reply("", finish="length", usage=usage)) as server:
        teacher = make_annotator(server.base_url)
        with pytest.raises(TrajectoryRejected, match=r"cut after 1 tokens, before an answer began"):
            teacher.annotate(path)
    assert len(server.requests) == 2


def test_zeros_are_not_a_count_of_tokens(
    oracle: Oracle, paths: list[Trajectory], make_annotator: Make, caplog: pytest.LogCaptureFixture
) -> None:
    zeros = {"prompt_tokens": 0, "completion_tokens": 0}
    with OpenAIServer(lambda request: replace(oracle(request), usage=zeros)) as server:
        teacher = make_annotator(server.base_url, budget_tokens=9_000)
        with pytest.raises(SubgoalError, match=r"of 9,000 tokens are spent"):
            list(map(teacher.annotate, paths))
    assert 0 < len(server.requests) < len(paths)
    assert caplog.text.count("they are estimated") == 1


def test_a_prompt_that_was_cut_is_noticed(
    oracle: Oracle, path: Trajectory, make_annotator: Make, caplog: pytest.LogCaptureFixture
) -> None:
    usage = {"prompt_tokens": 300, "completion_tokens": 50}
    with OpenAIServer(lambda request: replace(oracle(request), usage=usage)) as server:
        make_annotator(server.base_url).annotate(path)
    assert "read 300 tokens of a prompt of about" in caplog.text


def test_an_address_of_the_endpoint_itself(oracle: Oracle, path: Trajectory, make_annotator: Make) -> None:
    with OpenAIServer(oracle) as server:
        made = make_annotator(f"{server.base_url}/chat/completions").annotation(path)
    assert made.segments == RulesAnnotator().annotate(path)
