"""Whether a server continues an unfinished answer, which the first-thought prefix needs."""

from dataset_builder.common.errors import UsageError, clip
from dataset_builder.llm.errors import RequestRejected, UnsupportedParameter
from dataset_builder.llm.request_format import Drawing, Message
from dataset_builder.llm.session import ChatSession

# It ends within a word: a server that begins a new answer cannot go on with the rest of the word by chance.
_MESSAGES: list[Message] = [
    {
        "role": "user",
        "content": "Repeat this sentence and write nothing else: The capital of France is Paris.",
    },
    {"role": "assistant", "content": "The capital of Fra"},
]
_REST_OF_WORD = "nce"
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
    drawing = Drawing(_MAX_TOKENS, continues=True)
    server = session.client.server
    try:
        (completion,) = session.draw(lambda _: _MESSAGES, about, drawing)
    except (RequestRejected, UnsupportedParameter) as error:
        raise UsageError(
            f"{server} refuses to continue an unfinished answer ({clip(error, 100)}): {_REMEDY}"
        ) from error
    if not completion.text.lstrip().startswith(_REST_OF_WORD):
        raise UsageError(
            f"{server} begins a new answer instead of continuing an unfinished one "
            f"({clip(completion.text, 40)!r} after {_MESSAGES[-1]['content']!r}): {_REMEDY}"
        )
