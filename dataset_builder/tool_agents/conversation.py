"""The conversation of an agent with tools, and of its baselines: the same text in training and in play.

An agent alternates thought, code and observation (CodeAct, arXiv 2402.01030; trajectories of
arXiv 2505.17612). Each answer is one thought and one Python block:

    Thought: The area of Chad is in a passage.
    ```python
    print(search("area of Chad"))
    ```

The next message is what the code printed. The code of the last answer calls `final_answer`.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from dataset_builder.llm.reasoning import without_reasoning
from dataset_builder.llm.request_format import Message

MAX_STEPS = 5
"""Answers an agent has for a question (arXiv 2505.17612, section 4)."""

LONGEST_OBSERVATION = 900
"""Characters of an observation that an agent reads."""

AGENT_SYSTEM = (
    "Solve the question step by step. Each step is a line that begins with Thought: and a ```python block. "
    "You then read what the code printed. Two functions are given: search(query) returns passages as text, "
    "final_answer(answer) ends the work."
)
COT_SYSTEM = "Solve the question. Reason step by step, then end with: The answer is …"

NO_CODE = "NoCode: write a line that begins with Thought: and a ```python block."
"""Error of an answer without a Python block."""

_FENCE = "```"
_BLOCK = re.compile(r"```(?:python|py)?[ \t]*\n(.*?)(?:^[ \t]*```|\Z)", re.DOTALL | re.MULTILINE)
_THOUGHT = re.compile(r"\A\s*(?:Thought:)?\s*", re.IGNORECASE)
_ANSWER = re.compile(r".*\banswer is:?[ \t]*(\S[^\n]*)", re.IGNORECASE | re.DOTALL)
_MARKUP = " *`\"'"
_BOXED = re.compile(r"\\boxed\{([^{}]*(?:\{[^{}]*\}[^{}]*)*)\}")


@dataclass(frozen=True)
class ToolStep:
    """One step of an agent.

    Attributes:
        thought: one or two sentences.
        code: Python source; that of the last step calls `final_answer`.
        observation: what the code printed, and its error, as the agent reads it; empty for the last step.
        learn: whether a student may learn to write this step. A step whose code failed is only read.

    Example:

    ```python
    >>> step = ToolStep("Search for it.", 'print(search("area of Chad"))', observation="[1] Chad: ...")
    >>> [message["role"] for message in agent_messages("How large is Chad?", [step])]
    ['system', 'user', 'assistant', 'user']
    ```
    """

    thought: str
    code: str
    observation: str = ""
    learn: bool = True


def step_text(thought: str, code: str) -> str:
    """What the agent writes in one step. Without code, the thought is all that it wrote."""
    if not code:
        return thought
    return f"Thought: {thought}\n{_FENCE}python\n{code}\n{_FENCE}"


def is_whole_step(text: str) -> bool:
    """Whether the Python block of an answer is closed, so that the model need not write on."""
    return bool(re.search(r"```(?:python|py)?[ \t]*\n.*\n[ \t]*```", text, re.DOTALL))


def read_step(text: str) -> ToolStep | None:
    r"""Thought and code of an answer; None if it has no Python block, or an empty one.

    Example:

    ```python
    >>> read_step("Thought: Add them.\n```python\nfinal_answer(2 + 3)\n```").code
    'final_answer(2 + 3)'
    ```
    """
    text = without_reasoning(text)
    block = _BLOCK.search(text)
    code = block.group(1).strip("\n") if block else ""
    if block is None or not code.strip():
        return None
    return ToolStep(_THOUGHT.sub("", text[: block.start()]).strip(), code)


def observation_text(output: str, error: str | None = None) -> str:
    """What an agent reads after its code has run.

    Args:
        output (`str`): what the code printed.
        error (`str`, *optional*): why it failed, in one line.
    """
    shown = output.strip()
    if len(shown) > LONGEST_OBSERVATION:
        shown = shown[:LONGEST_OBSERVATION].rstrip() + " …"
    if error:
        shown = f"{shown}\nError: {error}".strip()
    return shown or "(nothing was printed)"


def agent_messages(question: str, steps: Sequence[ToolStep] = ()) -> list[Message]:
    """The chat messages of an agent.

    Args:
        question (`str`): the question.
        steps (`Sequence[ToolStep]`): the steps so far. In play, all have an observation; in training, the
            last one has none, and the conversation ends with it.
    """
    messages = [{"role": "system", "content": AGENT_SYSTEM}, {"role": "user", "content": question}]
    for step in steps:
        messages.append({"role": "assistant", "content": step_text(step.thought, step.code)})
        if step.observation:
            messages.append({"role": "user", "content": f"Observation:\n{step.observation}"})
    return messages


def cot_messages(question: str, passages: str = "", answer: str | None = None) -> list[Message]:
    """The chat messages of chain of thought, the baseline without tools.

    Args:
        question (`str`): the question.
        passages (`str`, *optional*): passages that were retrieved for the question, as text.
        answer (`str`, *optional*): the reasoning, in training.
    """
    prompt = f"{passages}\n\n{question}" if passages else question
    messages = [{"role": "system", "content": COT_SYSTEM}, {"role": "user", "content": prompt}]
    return [*messages, {"role": "assistant", "content": answer}] if answer is not None else messages


def cot_text(reasoning: str, answer: str) -> str:
    """What the baseline writes: its reasoning and the answer."""
    return f"{reasoning} The answer is {answer}." if reasoning else f"The answer is {answer}."


def read_answer(text: str) -> str | None:
    """The answer in a chain of thought; None if it gives none."""
    text = without_reasoning(text)
    found = _BOXED.findall(text) or _ANSWER.findall(text)
    if not found:
        return None
    answer = str(found[-1]).strip(_MARKUP).removesuffix(".").strip(_MARKUP)
    return answer or None
