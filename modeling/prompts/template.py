"""Prompt templates: jinja files that turn a state into chat messages, the same in training and in play.

A template writes its messages with `call` blocks; one without such blocks is a single user message:

    {% call system() %}You play ScienceWorld.{% endcall %}
    {% call user() %}{{ state_text }}{% endcall %}

Templates may come from the Hub. They are rendered in jinja's sandbox, which runs no Python code.
"""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path

import jinja2
from jinja2 import meta
from jinja2.sandbox import ImmutableSandboxedEnvironment

from dataset_builder.common.config_files import nearest_hint
from dataset_builder.common.errors import UsageError, one_line
from dataset_builder.llm.request_format import Message
from dataset_builder.trajectories.agent_state import AgentState, Event
from dataset_builder.trajectories.model_input import model_input

TEMPLATES = Path(__file__).parent / "templates"
_ANSWERS = {"controller": "sub-goal", "executor": "action", "flat": "action"}
_SPEAKERS = ("system", "user", "assistant")


@dataclass(frozen=True)
class PromptInput:
    """The variables of a template. Those after `role` are only known in play, not in a corpus.

    Attributes:
        state_text: the state as text (see `dataset_builder.trajectories.model_input`).
        role: `controller`, `executor` or `flat`.
        task: the task's description.
        look: the room now.
        inventory: what is carried now.
        score: points so far, 0 to 100.
        moves: moves so far.
        history: past actions, oldest first, each with `action`, `observation` and `reward`.
        visited: rooms in the order of the first visit.
        finished: finished sub-goals, oldest first.
        subgoal: the current sub-goal.

    Example:

    ```python
    >>> given = PromptInput("task: boil water | room: kitchen", role="flat")
    >>> load_template("state").messages(given)[-1]["content"]
    'task: boil water | room: kitchen'
    ```
    """

    state_text: str
    role: str
    task: str | None = None
    look: str = ""
    inventory: str = ""
    score: int = 0
    moves: int = 0
    history: tuple[Event, ...] = ()
    visited: tuple[str, ...] = ()
    finished: tuple[str, ...] = ()
    subgoal: str = ""

    @classmethod
    def of(cls, state: AgentState, role: str, version: str) -> "PromptInput":
        """The variables for a state, with its text in a state-text version."""
        return cls(
            model_input(role, state, version),
            role,
            state.description,
            state.look,
            state.inventory,
            state.score_points,
            state.moves,
            tuple(state.history),
            tuple(state.visited),
            tuple(state.finished),
            state.subgoal,
        )


IN_CORPUS = frozenset({"state_text", "role", "answer"})
"""Variables that are known in training as well."""

VARIABLES = frozenset(field.name for field in fields(PromptInput)) | IN_CORPUS
"""All variables: the fields of `PromptInput`, and `answer` (`action` or `sub-goal`)."""


@dataclass(frozen=True)
class PromptTemplate:
    """A checked template.

    Attributes:
        name: name of a template of the package, or of the file.
        source: its text.

    Raises:
        UsageError: if it is not valid jinja, or uses an unknown variable.

    Example:

    ```python
    load_template("state").messages(PromptInput.of(state, "flat", "compact-2"))
    # [{"role": "system", "content": "You play …"}, {"role": "user", "content": "task: boil water | …"}]
    ```
    """

    name: str
    source: str

    def __post_init__(self) -> None:
        unknown = sorted(self.variables - VARIABLES)
        if unknown:
            known = ", ".join(sorted(VARIABLES))
            hint = nearest_hint(unknown[0], VARIABLES, f"Use {known}.")
            raise UsageError(f"Prompt {self.name} uses an unknown variable {unknown[0]!r}. {hint}")

    @cached_property
    def variables(self) -> frozenset[str]:
        """The variables that it uses."""
        with self._explained():
            names = meta.find_undeclared_variables(_environment().parse(self.source))
        return frozenset(names) - frozenset(_SPEAKERS)

    @property
    def target(self) -> str:
        """The target pattern that it asks for, in a comment such as `{# target: after:Action: #}`."""
        comment = re.search(r"\{#-?\s*target:\s*(\S.*?)\s*-?#\}", self.source)
        return comment[1] if comment else "first-line"

    @cached_property
    def _compiled(self) -> jinja2.Template:
        with self._explained():
            return _environment().from_string(self.source)

    @cached_property
    def hash(self) -> str:
        """`sha256:…` over its text and the files of the package that it includes."""
        included = meta.find_referenced_templates(_environment().parse(self.source))
        texts = [self.source, *((TEMPLATES / str(name)).read_text(encoding="utf-8") for name in included)]
        return f"sha256:{hashlib.sha256(chr(0).join(texts).encode()).hexdigest()}"

    def messages(self, given: PromptInput) -> list[Message]:
        """The chat messages for a state.

        Raises:
            UsageError: if the template fails, needs what a corpus does not hold, or writes nothing.
        """
        if given.task is None and (missing := sorted(self.variables - IN_CORPUS)):
            raise UsageError(
                f"Prompt {self.name} uses {missing[0]!r}, which a corpus does not hold: train with a "
                f"template that only uses {', '.join(sorted(IN_CORPUS))}."
            )
        messages: list[Message] = []
        with self._explained():
            rest = self._compiled.render(
                {field.name: getattr(given, field.name) for field in fields(given)}
                | {"answer": _ANSWERS[given.role]}
                | {speaker: _adding(messages, speaker) for speaker in _SPEAKERS}
            ).strip()
        if rest and messages:
            raise UsageError(
                f"Prompt {self.name} has text outside of its messages ({one_line(rest, 60)}): put it into "
                "{% call user() %} … {% endcall %}."
            )
        messages = messages or [{"role": "user", "content": rest}]
        if not any(message["content"] for message in messages if message["role"] == "user"):
            raise UsageError(f"Prompt {self.name} writes no text for the user's message.")
        return messages

    def _explained(self) -> "_Explained":
        return _Explained(self.name)


class _Explained:
    """Turns whatever a template raises into one line."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __enter__(self) -> None: ...

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        # A template may fail in any way that an expression can: TypeError, ZeroDivisionError, …
        if isinstance(error, Exception) and not isinstance(error, UsageError):
            line = f", line {error.lineno}" if isinstance(error, jinja2.TemplateSyntaxError) else ""
            raise UsageError(f"Prompt {self._name}{line}: {one_line(error, 200).rstrip('.')}.") from error


def _adding(messages: list[Message], speaker: str) -> Callable[..., str]:
    """The function behind `{% call speaker() %}`: it stores the block as a message."""

    def add(caller: Callable[[], str]) -> str:
        messages.append({"role": speaker, "content": caller().strip()})
        return ""

    return add


def _environment() -> ImmutableSandboxedEnvironment:
    return ImmutableSandboxedEnvironment(
        loader=jinja2.FileSystemLoader(TEMPLATES),  # for `{% include "game.txt" %}`
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,
    )


def template_names() -> list[str]:
    """Names of the templates in the package."""
    return sorted(path.stem for path in TEMPLATES.glob("*.jinja"))


def load_template(name_or_path: str | Path) -> PromptTemplate:
    """A template by name, or from a file.

    Args:
        name_or_path (`str` or `Path`): a name of `template_names()`, or a path to a jinja file.

    Raises:
        UsageError: if there is none, or it is not a template.
    """
    names = template_names()
    if str(name_or_path) in names:
        path = TEMPLATES / f"{name_or_path}.jinja"
        return PromptTemplate(str(name_or_path), path.read_text(encoding="utf-8"))
    path = Path(name_or_path)
    try:
        return PromptTemplate(path.name, path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        hint = nearest_hint(str(name_or_path), names, f"Use {', '.join(names)}, or a jinja file.")
        raise UsageError(f"No prompt template {str(name_or_path)!r}. {hint}") from error
