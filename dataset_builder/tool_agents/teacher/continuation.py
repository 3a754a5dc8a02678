"""Whether a server continues an unfinished answer, which the first-thought prefix needs."""

import re

from dataset_builder.common.errors import UsageError, clip
from dataset_builder.llm.errors import RequestRejected, UnsupportedParameter
from dataset_builder.llm.request_format import Message, SamplingParams
from dataset_builder.llm.session import ChatSession

BEGUN = "Well, Heron 7391, the capital of Fra"
"""The unfinished answer. No model would begin like this, and it ends within a word."""

_MESSAGES: list[Message] = [
    {"role": "user", "content": "What is the capital of France? Answer in one sentence."},
    {"role": "assistant", "content": BEGUN},
]
# vLLM answers with the rest alone, which begins with a small letter, and llama.cpp's server with the whole
# sentence. A new answer does neither.
_REST_OF_WORD = re.compile(r"[a-z]")
_MAX_TOKENS = 12
_REMEDY = "serve the model with vLLM, SGLang or llama-server, or omit --first-thought."


def check_continuation(session: ChatSession, name: str) -> None:
    """Ask the server once to continue half a sentence; the reply is stored like every other.

    Args:
        session (`ChatSession`): the model and its server.
        name (`str`): the teacher's name in the store of completions.

    Raises:
        UsageError: if the server refuses, or begins a new answer.
        SubgoalError: as `ChatClient.complete`.
    """
    about = {"annotator": name, "purpose": "probe", "task": "probe"}
    sampling = SamplingParams(_MAX_TOKENS, continues=True)
    server = session.client.server
    try:
        (completion,) = session.sample(lambda _: _MESSAGES, about, sampling)
    except (RequestRejected, UnsupportedParameter) as error:
        raise UsageError(
            f"{server} refuses to continue an unfinished answer ({clip(error, 100)}): {_REMEDY}"
        ) from error
    if not (completion.text.startswith(BEGUN) or _REST_OF_WORD.match(completion.text)):
        raise UsageError(
            f"{server} begins a new answer instead of continuing an unfinished one "
            f"({clip(completion.text, 40)!r} after {BEGUN!r}): {_REMEDY}"
        )
