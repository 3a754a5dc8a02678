"""Reading a server's answer: one JSON object or a stream of them, not all of which keep to the format."""

import json
from collections.abc import Iterator
from typing import Any

from dataset_builder.llm.budget import estimate_tokens, prompt_tokens
from dataset_builder.llm.completion_cache import Completion

_FINISH_NAMES = {
    **dict.fromkeys(("max_tokens", "max_length", "model_length"), "length"),
    **dict.fromkeys(("safety", "sensitive", "prohibited_content", "content-filter"), "content_filter"),
}
_REASONING = ("reasoning_content", "reasoning", "thinking")


def read_payload(body: str) -> dict[str, Any] | None:
    """The JSON object in the body of a response, None if there is none; a stream's chunks become one object.

    Returns:
        `dict[str, Any]`, *optional*: a chat completion with `choices` and `usage`, or an error.
    """
    if body.lstrip().startswith(("data:", "event:", ":")):
        return _merged(list(_events(body)))
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _events(body: str) -> Iterator[dict[str, Any]]:
    """The objects of a stream of server-sent events; comments and `[DONE]` are passed over."""
    for line in body.splitlines():
        if line.startswith("data:"):
            try:
                value = json.loads(line[5:])
            except (ValueError, RecursionError):
                continue
            if isinstance(value, dict):
                yield value


def _merged(events: list[dict[str, Any]]) -> dict[str, Any]:
    """One answer of a stream's parts; one that ended early is an error: its text is not whole."""
    message: dict[str, str] = {"content": "", "reasoning": ""}
    finish = usage = None
    for event in events:
        choice = _first(event.get("choices"))
        if event.get("error") or choice.get("error"):
            return event
        delta = choice.get("delta") or choice.get("message")
        if isinstance(delta, dict):
            message["content"] += _text(delta.get("content"))
            message["reasoning"] += _reasoning(delta)
        finish = choice.get("finish_reason") or finish
        usage = event.get("usage") or usage
    if finish is None:
        return {"error": {"message": "the stream ended before the answer did", "code": 502}}
    return {"choices": [{"message": message, "finish_reason": finish}], "usage": usage}


def read_completion(payload: dict[str, Any], request: dict[str, Any]) -> Completion | None:
    """The completion that an answer holds; None if it holds none.

    Args:
        payload (`dict`): the response, with `choices` (only the first is required) and perhaps `usage`.
        request (`dict`): the body of the request, from which tokens are estimated that the server did not
            count.
    """
    choice = _first(payload.get("choices"))
    message = choice.get("message")
    if not isinstance(message, dict):
        return None
    reasoning = _reasoning(message)
    text = _text(message.get("content")) or _text(message.get("refusal"))
    if not text and "response_format" in request:
        text = _misplaced(message, reasoning)
    finish = str(choice.get("finish_reason"))
    usage = payload.get("usage") if isinstance(payload.get("usage"), dict) else {}
    read, written = (_count(usage, name) for name in ("prompt_tokens", "completion_tokens"))
    guess = estimate_tokens(text + reasoning)
    others = [_first([choice]).get("message") for choice in payload["choices"][1:]]
    return Completion(
        text,
        _FINISH_NAMES.get(finish.lower(), finish),
        read or prompt_tokens(request),
        written or guess,
        # Some servers report zeros, with which no budget would ever be spent.
        estimated=not read or (not written and guess > 0),
        reasoning_chars=len(reasoning),
        alternatives=tuple(_text(other.get("content")) for other in others if isinstance(other, dict)),
    )


def _misplaced(message: dict[str, Any], reasoning: str) -> str:
    """JSON that a server with structured output put into the reasoning, or into a call of a tool."""
    call = _first(message.get("tool_calls")).get("function")
    for text in (reasoning, _text(call.get("arguments")) if isinstance(call, dict) else ""):
        try:
            if isinstance(json.loads(text), dict):
                return text
        except (ValueError, RecursionError):
            continue
    return ""


def _count(usage: Any, name: str) -> int:
    value = usage.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0


def _reasoning(message: dict[str, Any]) -> str:
    return next(filter(None, (_text(message.get(name)) for name in _REASONING)), "")


def _first(items: Any) -> dict[str, Any]:
    """The first object of a list, or an empty one."""
    return items[0] if isinstance(items, list) and items and isinstance(items[0], dict) else {}


def _text(content: Any) -> str:
    """The text of a message's content, which some servers give in parts."""
    if isinstance(content, list):
        parts = [part for part in content if isinstance(part, dict) and part.get("type", "text") == "text"]
        return "".join(part["text"] for part in parts if isinstance(part.get("text"), str))
    return content if isinstance(content, str) else ""
