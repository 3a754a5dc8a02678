"""Reading a teacher's answers: one step of an agent, and the first thought of a chain of thought."""

import re

from dataset_builder.annotation.teacher.answers import first_paragraph
from dataset_builder.llm.completion_cache import Completion
from dataset_builder.tool_agents.conversation import ToolStep, read_step, step_text

MAX_STEP_CHARS = 8_000
"""Characters of an answer. Longer ones are nothing that a small model could learn."""

_FIRST_BLOCK = re.compile(r"\A(.*?```(?:python|py)?[ \t]*\n.*?\n[ \t]*```)", re.DOTALL)
_TAGS = re.compile(r"<code>\s*(.*?)(?:</code>|\Z)", re.DOTALL)
# Labels around the code in the prompts of several versions of smolagents.
_LABEL = re.compile(r"\s*^Code:?[ \t]*\Z", re.MULTILINE)
_OBSERVATION = re.compile(r"^(?:Observation|Calling tools):", re.MULTILINE)


class UnusableAnswer(Exception):
    """An answer with which a trajectory ends and is rejected; the message is the reason.

    Example:

    ```python
    >>> teacher_step("The answer is 5.")
    Traceback (most recent call last):
        ...
    dataset_builder.tool_agents.teacher.answers.UnusableAnswer: an answer without code
    ```
    """


def teacher_step(text: str) -> ToolStep:
    """Thought and code of a teacher's answer.

    What follows the first code block is dropped: models write the observation themselves if a server does
    not stop them.

    Raises:
        UnusableAnswer: if the answer has no code, or is too long.
    """
    text = text.rstrip()
    if start := _OBSERVATION.search(text):
        text = text[: start.start()]
    if "```" not in text and (tagged := _TAGS.search(text)):
        text = step_text(text[: tagged.start()].removeprefix("Thought:").strip(), tagged[1].strip())
    if block := _FIRST_BLOCK.match(text):
        text = block[1]
    if len(text) > MAX_STEP_CHARS:
        raise UnusableAnswer(f"an answer of more than {MAX_STEP_CHARS:,} characters")
    step = read_step(text)
    if step is None:
        raise UnusableAnswer("an answer without code")
    return ToolStep(_LABEL.sub("", step.thought).strip(), step.code)


def first_thought(chain_of_thought: str) -> str:
    """The beginning of an agent's first answer: the first paragraph of a chain of thought.

    The first-thought prefix of arXiv 2505.17612, section 3.1.
    """
    return f"Thought: {first_paragraph(chain_of_thought.strip())}"


def continued_text(prefix: str, completion: Completion) -> str:
    """The whole answer of a model that has continued a prefix.

    Blanks at the seam are kept. Some servers repeat the prefix.
    """
    text = completion.text if completion.text.strip() == completion.answer else completion.answer
    return text if text.startswith(prefix) else prefix + text
