"""`LLMAnnotator`: sub-goals by a language model behind any OpenAI-compatible server."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from dataset_builder.annotation.annotators import Annotation, NotAnnotated, TrajectoryRejected
from dataset_builder.annotation.rules.annotator import RulesAnnotator
from dataset_builder.annotation.teacher.alignment import Draft
from dataset_builder.annotation.teacher.answers import (
    ANSWER_SCHEMA,
    AnswerError,
    first_paragraph,
    is_json,
    parse_answer,
    render,
)
from dataset_builder.annotation.teacher.messages import (
    ExampleSource,
    annotation_messages,
    choose_examples,
    faulty_messages,
    missing_messages,
    subgoal_runs,
    thought_messages,
)
from dataset_builder.common.errors import UsageError
from dataset_builder.llm.budget import CHARACTERS_PER_TOKEN, estimate_tokens, prompt_tokens
from dataset_builder.llm.client import ChatClient
from dataset_builder.llm.completion_cache import Completion, CompletionCache, request_digest
from dataset_builder.llm.errors import RequestRejected
from dataset_builder.llm.ledger import (
    Call,
    budget_of_all_runs,
    calls_of,
    check_llm_options,
    cost_rows,
    teacher_name,
)
from dataset_builder.llm.request_format import Message, RequestFormat
from dataset_builder.llm.session import Answer, ChatSession
from dataset_builder.simulator.tasks import TASKS
from dataset_builder.trajectories.subgoals import Segment
from dataset_builder.trajectories.trajectory import Trajectory, TrajectoryKey

THOUGHT_TOKENS = 120
_PLACEHOLDER_THOUGHT = "x" * THOUGHT_TOKENS * CHARACTERS_PER_TOKEN


class LLMAnnotator:
    """Asks for the sub-goals of a trajectory, aligns the answer with it, and asks again for what is missing.

    Args:
        client (`ChatClient`): the model and its server.
        cache (`CompletionCache`): stores paid completions.
        examples (`int`, *optional*, defaults to 2): few-shot examples.
        first_thought (`bool`, *optional*): whether the model first gives its own thought about the task.
        repairs (`int`, *optional*, defaults to 3): maximum number of follow-up requests for a trajectory.
        budget_tokens (`int`, *optional*): for this annotator in all runs. A call that would exceed
            it, by estimate, is not made.
        max_tokens (`int`, *optional*): see `ChatSession`.
        source (`ExampleSource`, *optional*): source of the examples.

    Example:

    ```python
    annotator = LLMAnnotator(ChatClient("qwen3", "http://127.0.0.1:8000/v1"), CompletionCache("corpus"))
    segments = annotator.annotate(trajectory)
    ```
    """

    def __init__(
        self,
        client: ChatClient,
        cache: CompletionCache,
        *,
        examples: int = 2,
        first_thought: bool = False,
        repairs: int = 3,
        budget_tokens: int | None = None,
        max_tokens: int | None = None,
        source: ExampleSource | None = None,
    ) -> None:
        self.client = client
        self.cache = cache
        self.examples = examples
        self.first_thought = first_thought
        self.repairs = repairs
        self.source = source or _exemplars
        self.name = annotator_name(client.model, first_thought)
        self.budget = budget_of_all_runs(cache, self.name, budget_tokens)
        self.session = ChatSession(client, cache, budget=self.budget, max_tokens=max_tokens)

    def annotate(self, trajectory: Trajectory) -> list[Segment]:
        """Segments that cover the trajectory; raises the errors of `annotation`."""
        return self.annotation(trajectory).segments

    def annotation(self, trajectory: Trajectory, attempt: int = 0) -> Annotation:
        """Segments that cover the trajectory, with how they were made.

        Args:
            trajectory (`Trajectory`): at least one action.
            attempt (`int`, *optional*, defaults to 0): how often it was quarantined before; a new
                attempt does not use the answers of earlier ones.

        Raises:
            NotAnnotated: if no answer fits after `repairs` more requests; it carries the answers.
            SubgoalError: if the server or the budget ends the run, see `ChatClient.complete`.
        """
        job = _Job(self, trajectory, attempt)
        if self.first_thought:
            job.think()
        return Annotation(job.run(), job.provenance())

    def calls(self) -> list[Call]:
        """Task, prompt tokens and completion tokens of every call for this annotator so far."""
        return calls_of(self.cache, self.name)

    def estimate(
        self, trajectories: Iterable[Trajectory], attempts: Mapping[TrajectoryKey, int] | None = None
    ) -> list[dict[str, str]]:
        """Estimated cost of these trajectories per task, without repairs; nothing is called.

        Cached completions are free. Answers are assumed to be as long as those of the rules.

        Args:
            trajectories (`Iterable[Trajectory]`): to be annotated.
            attempts (`Mapping[TrajectoryKey, int]`, *optional*): number of earlier attempts at a trajectory;
                0 for those it lacks.

        Returns:
            `list[dict[str, str]]`: the rows of `cost_rows`.
        """
        rules, format, attempts = RulesAnnotator(), self.session.fallback.format, attempts or {}
        calls: dict[str, tuple[str, int, int]] = {}
        for trajectory in trajectories:
            thought, attempt = None, attempts.get(trajectory.key, 0)
            if self.first_thought:
                request = format.request(self.client.model, thought_messages(trajectory))
                digest = request_digest(request, attempt)
                calls[digest] = (trajectory.task, prompt_tokens(request), THOUGHT_TOKENS)
                known = self.cache.get(digest)
                thought = first_paragraph(known.answer) if known else _PLACEHOLDER_THOUGHT
            messages = self.messages(trajectory, format, thought)
            request = format.request(self.client.model, messages, ANSWER_SCHEMA)
            answer = render(subgoal_runs(trajectory, rules.annotate(trajectory)), format.form)
            written = estimate_tokens(answer)
            calls[request_digest(request, attempt)] = (trajectory.task, prompt_tokens(request), written)
        return cost_rows((cost for digest, cost in calls.items() if digest not in self.cache), TASKS)

    def messages(self, trajectory: Trajectory, format: RequestFormat, thought: str | None) -> list[Message]:
        """The first request for an annotation."""
        examples = choose_examples(trajectory, self.examples, self.source)
        return annotation_messages(trajectory, examples, format.form, thought)


class _Job:
    """The requests for one trajectory, their results and their cost."""

    def __init__(self, annotator: LLMAnnotator, trajectory: Trajectory, attempt: int) -> None:
        self.annotator = annotator
        self.trajectory = trajectory
        self.attempt = attempt
        self.format = annotator.session.fallback.format
        self.thought: str | None = None
        self.draft = Draft(trajectory.actions)
        self.completions: dict[str, Completion] = {}
        self.prompt = ""
        self.answers: list[str] = []
        self.faults: Counter[str] = Counter()

    def think(self) -> None:
        """Ask for the model's thought about the task, before it sees the trajectory."""
        answer = self._ask(lambda format: thought_messages(self.trajectory), "thought")
        self.thought = first_paragraph(answer.text)
        if not self.thought:
            raise self._not_annotated("its first thought is empty")

    def run(self) -> list[Segment]:
        """Ask until all actions are covered."""
        follow_up: list[Message] = []
        reason = ""
        for _ in range(1 + self.annotator.repairs):
            form = self.format.form
            answer = self._ask(partial(self._conversation, follow_up), "annotation")
            if self.format.form != form:
                follow_up = []
            self.answers.append(answer.text)
            try:
                self.draft.add(parse_answer(answer.text))
            except AnswerError as error:
                reason = answer.completion.fault or str(error)
                self.faults["faulty"] += 1
                follow_up = follow_up + faulty_messages(answer.text, reason, self.format.form)
                continue
            missing = self.draft.missing
            if not missing:
                return self.draft.segments()
            reason = f"{len(missing)} of {len(self.trajectory.steps)} actions are missing"
            self.faults["missing"] += 1
            follow_up = follow_up + missing_messages(answer.text, self.trajectory, missing)
        raise self._not_annotated(f"after {self.annotator.repairs} repairs: {reason}")

    def provenance(self) -> dict[str, Any]:
        """What is stored with an annotation."""
        examples = choose_examples(self.trajectory, self.annotator.examples, self.annotator.source)
        paid = self.completions.values()
        return {
            "model": self.annotator.client.model,
            "answer_format": self.format.form,
            "temperature": self.format.temperature,
            "examples": [[example.task, example.variation] for example, _ in examples],
            "thought": self.thought,
            "prompt": self.prompt,
            "calls": len(self.completions),
            "repairs": sum(self.faults.values()),
            "faults": dict(self.faults),
            "joined": self.draft.joined,
            "dropped": self.draft.dropped,
            "prompt_tokens": sum(completion.prompt_tokens for completion in paid),
            "completion_tokens": sum(completion.completion_tokens for completion in paid),
        }

    def _conversation(self, follow_up: list[Message], format: RequestFormat) -> list[Message]:
        """The conversation so far; it restarts when the format of answers changes."""
        first = self.annotator.messages(self.trajectory, format, self.thought)
        return first + (follow_up if format.form == self.format.form else [])

    def _ask(self, compose: Callable[[RequestFormat], list[Message]], purpose: str) -> Answer:
        """The answer to a request; its cost is added."""
        session, schema = self.annotator.session, None if purpose == "thought" else ANSWER_SCHEMA
        about = {
            "annotator": self.annotator.name,
            "purpose": purpose,
            "task": self.trajectory.task,
            "variation": self.trajectory.variation,
            "path": self.trajectory.path,
        }
        try:
            answer = session.ask(compose, about, attempt=self.attempt, schema=schema)
        except RequestRejected as refusal:
            raise TrajectoryRejected(str(refusal), self.answers, self.provenance()) from refusal
        if schema is not None:
            session.fallback.answered(answer.format, is_json(answer.text))
            self.prompt = self.prompt or answer.digest
        self.format = answer.format
        self.completions |= answer.completions
        return answer

    def _not_annotated(self, reason: str) -> NotAnnotated:
        return NotAnnotated(reason, self.answers, self.provenance())


def annotator_name(model: str, first_thought: bool = False) -> str:
    """The name of a model's annotations, usable as a file name.

    It ends in a digest of the model's name where other models could have the same name without it.
    """
    return teacher_name(model, "thought" if first_thought else "")


def llm_annotator(
    folder: str | Path,
    model: str | None,
    base_url: str | None = None,
    *,
    timeout: float = 300.0,
    retries: int = 5,
    **options: Any,
) -> LLMAnnotator:
    """The annotator of a corpus folder; see `ChatClient` and `LLMAnnotator` for the arguments.

    Raises:
        UsageError: if no model is named, or a number makes no sense.
    """
    for name in ("examples", "repairs"):
        if options.get(name, 0) < 0:
            raise UsageError(f"--{name} {options[name]}: give 0 or more.")
    model = check_llm_options(
        model,
        timeout=timeout,
        retries=retries,
        budget_tokens=options.get("budget_tokens"),
        max_tokens=options.get("max_tokens"),
    )
    client = ChatClient(model, base_url, timeout=timeout, retries=retries)
    return LLMAnnotator(client, CompletionCache(folder), **options)


def _exemplars(task: str) -> Any:
    from dataset_builder.annotation.exemplars import exemplars

    return exemplars(task)
