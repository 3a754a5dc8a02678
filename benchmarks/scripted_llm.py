"""An OpenAI-compatible server on loopback whose answers follow an expert path, or are noise."""

import hashlib
import json
import random
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

_NONSENSE = ("blorp", "zug", "quimby", "xanth", "frobnicate", "snark")


class ScriptedLLM(ThreadingHTTPServer):
    """Serves `/v1/chat/completions` without token counts, as a context manager.

    Args:
        answer (`Callable[[str, str], str]`): system and user message → completion.
    """

    daemon_threads = True

    def __init__(self, answer: Callable[[str, str], str]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answer = answer
        self.base_url = f"http://127.0.0.1:{self.server_address[1]}/v1"

    def __enter__(self) -> "ScriptedLLM":
        threading.Thread(target=self.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        self.shutdown()
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["content-length"])))
        server: Any = self.server
        text = server.answer(*(message["content"] for message in request["messages"]))
        choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
        completion = {"id": "0", "object": "chat.completion", "created": 0, "model": request["model"]}
        body = json.dumps(completion | {"choices": [choice]}).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: Any) -> None:
        """Print nothing."""


class Expert:
    """Answers every kind of prompt with the next actions of the path of the shown task.

    Args:
        paths (`Mapping[str, Sequence[str]]`): task description in one line → actions.
    """

    def __init__(self, paths: Mapping[str, Sequence[str]]) -> None:
        self._paths = paths

    def __call__(self, system: str, user: str) -> str:
        actions = self._remaining(user.rpartition("## Your game")[2])
        following = actions[0] if actions else "wait1"
        if "You failed at this task" in system:
            return "I wandered about. Next time I go to the animals at once."
        if "answer these questions" in system:
            return "1. The animals are outside.\n2. None is seen.\n3. Go there, focus.\n4. No.\n5. No."
        if "Turn the next part of the plan" in system:
            return "\n".join(f"{number}. {action}" for number, action in enumerate(actions, 1))
        if "in each turn propose" in system.lower():
            return f"1. {following}\n2. look around\n3. teleport to the moon"
        return f"Thought: {following} comes next.\nAction: {following}"

    def _remaining(self, game: str) -> Sequence[str]:
        task = re.search(r"^Task: (.+)$", game, re.MULTILINE)
        path = self._paths[task.group(1)] if task else ()
        done = 0
        for action in re.findall(r"^Action: (.+)$", game, re.MULTILINE):
            done += done < len(path) and _same_action(action, path[done])
        return path[done:]


def _same_action(played: str, expected: str) -> bool:
    """Whether two actions differ only in wording: `anode in battery` and `battery anode`, for example."""
    words, expected_words = (set(action.lower().split()) - {"in"} for action in (played, expected))
    return words <= expected_words or expected_words <= words


def noise(system: str, user: str) -> str:
    """Nonsense in the form of an answer. The same prompt gets the same words."""
    generator = random.Random(hashlib.sha256(user.encode()).hexdigest())
    lines = [" ".join(generator.choices(_NONSENSE, k=3)) for _ in range(4)]
    if "Thought: what you know" in system:
        return f"Thought: {lines[0]}\nAction: {lines[1]}"
    return "\n".join(lines)
