"""LLM cost: upfront for the annotations of a distilled agent, or per episode for an LLM agent."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from importlib.resources import files
from math import ceil, inf
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from dataset_builder.common.config_files import first_fault, read_mapping
from dataset_builder.common.errors import UsageError
from dataset_builder.common.jsonl_store import JsonlStore
from dataset_builder.llm.completion_cache import TERMS
from eval_harness.reports.score_table import run_names
from eval_harness.results.played_run import PlayedRun, by_variation, read_played
from eval_harness.results.records import RESULTS_FILE, EpisodeResult, RunResult
from eval_harness.results.statistics import Bootstrap, Estimate

LEDGER_FILE = "completions.jsonl"


class Tokens(NamedTuple):
    """Tokens that a model read and wrote.

    Example:

    ```python
    >>> sum(Tokens(prompt=1200, completion=85))
    1285
    ```
    """

    prompt: int
    completion: int


class Price(BaseModel):
    """Prices per million tokens.

    Example:

    ```python
    >>> Price(prompt=2.5, completion=10).of(Tokens(prompt=400_000, completion=50_000))
    1.5
    ```
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    prompt: float = Field(ge=0, allow_inf_nan=False)
    completion: float = Field(ge=0, allow_inf_nan=False)

    def of(self, tokens: Tokens) -> float:
        """The price of these tokens."""
        return (tokens.prompt * self.prompt + tokens.completion * self.completion) / 1e6


class Prices(BaseModel):
    """A price table.

    Attributes:
        currency: currency of all prices.
        models: name at the server → price.

    Example:

    ```python
    >>> prices = load_prices()
    >>> prices.currency, prices.models["gpt-4o"].completion
    ('USD', 10.0)
    ```
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    currency: str = "USD"
    models: dict[str, Price]


def load_prices(path: str | Path | None = None) -> Prices:
    """A price table from a YAML or JSON file; by default the package's, `eval_harness/cost/prices.yaml`.

    Raises:
        UsageError: if it cannot be read, or is not a price table.
    """
    source = Path(str(files("eval_harness.cost") / "prices.yaml")) if path is None else Path(path)
    try:
        return Prices.model_validate(read_mapping(source, "price table"))
    except ValidationError as error:
        raise UsageError(
            f"{path}: {first_fault(error, Prices)} Write `models:` with lines such as "
            "`gpt-4o: {prompt: 2.5, completion: 10}`, per million tokens."
        ) from error


@dataclass(frozen=True)
class Line:
    """The cost of an agent as a straight line over the number of episodes.

    Attributes:
        name: name of the agent.
        upfront: cost before the first episode, in tokens or money.
        per_episode: mean cost of an episode over tasks, with its interval.

    Example:

    ```python
    >>> Line("pair", upfront=1000.0, per_episode=Estimate(2.0)).total(episodes=500)
    2000.0
    ```
    """

    name: str
    upfront: float
    per_episode: Estimate

    def total(self, episodes: float) -> float:
        """The cost after this number of episodes."""
        return self.upfront + self.per_episode.mean * episodes


@dataclass(frozen=True)
class BreakEven:
    """The number of episodes from which the distilled agent has cost less than an LLM agent.

    Attributes:
        episodes: the point; infinity if there is none.
        low, high: its 95% interval; None if the interval of the cost per episode is unknown.

    Example:

    ```python
    >>> break_even(1000.0, Estimate(4.0, low=2.5, high=5.0))
    BreakEven(episodes=250.0, low=200.0, high=400.0)
    ```
    """

    episodes: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Costs:
    """The comparison in one unit.

    Attributes:
        unit: `tokens`, or a currency.
        distilled: the agent whose upfront cost is that of the annotations.
        llm_agents: the agents that ask a language model while they play.
        break_even: one point for each of `llm_agents`.

    Example:

    ```python
    annotation, pair = read_annotation("runs/corpus"), read_played("runs/pair")
    costs = token_costs(annotation, pair, [read_llm_run("runs/react")])
    costs.break_even[0].episodes  # episodes after which the pair has cost fewer tokens than ReAct
    ```
    """

    unit: str
    distilled: Line
    llm_agents: list[Line]
    break_even: list[BreakEven]


@dataclass(frozen=True)
class Annotation:
    """The figures of a teacher's ledger.

    Attributes:
        calls: completions that were paid for.
        tokens: model → tokens; annotator → tokens where the ledger does not name the model.
        estimated: completions whose tokens the server did not count.

    Example:

    ```python
    annotation = read_annotation("runs/corpus")
    annotation.tokens["gpt-4o"].prompt
    ```
    """

    calls: int
    tokens: dict[str, Tokens]
    estimated: int


class _Paid(BaseModel):
    """The fields of a ledger's record that are needed here."""

    model_config = ConfigDict(strict=True)

    annotator: str = "?"
    model: str | None = None
    prompt_tokens: int = Field(ge=0)
    completion_tokens: int = Field(ge=0)
    estimated: bool = False


_GIVE = "give the corpus folder of `subgoal corpus annotate --annotator llm`, or its completions.jsonl"


def read_annotation(path: str | Path, annotator: str | None = None) -> Annotation:
    """The cost of the annotations, from a corpus folder or its `completions.jsonl`.

    Args:
        path (`str` or `Path`): the folder or the file.
        annotator (`str`, *optional*): annotator to count; needed if the ledger has several.

    Raises:
        UsageError: if there is no completion (of that annotator), or a record is not a completion of a
            teacher, or there are several annotators and none is named.
    """
    file = Path(path) / LEDGER_FILE if Path(path).is_dir() else Path(path)
    records = [_paid(record, file) for record in JsonlStore(file) if record["key"][:1] != [TERMS]]
    if not records:
        raise UsageError(f"{path} holds no completion: {_GIVE}. (Annotations by rules take no tokens.)")
    names = sorted({record.annotator for record in records})
    if annotator is None and len(names) > 1:
        raise UsageError(
            f"{file} holds completions of several annotators ({', '.join(names)}): name the one whose "
            "annotations the pair was trained on, --annotator NAME."
        )
    if annotator is not None and annotator not in names:
        raise UsageError(
            f"{file} holds no completion of {annotator!r}: use --annotator {' or '.join(names)}."
        )
    tokens: dict[str, Tokens] = {}
    counted = [record for record in records if annotator in (None, record.annotator)]
    for record in counted:
        name = record.model or record.annotator
        before = tokens.get(name, Tokens(0, 0))
        tokens[name] = Tokens(
            before.prompt + record.prompt_tokens, before.completion + record.completion_tokens
        )
    return Annotation(len(counted), tokens, sum(record.estimated for record in counted))


def _paid(record: dict[str, Any], file: Path) -> _Paid:
    if "agent" in record:
        raise UsageError(f"{file} is the ledger of a run, not of annotations: {_GIVE}.")
    try:
        return _Paid.model_validate(record)
    except ValidationError as error:
        first = error.errors()[0]
        raise UsageError(
            f"{file} holds a record that is not a completion (key {json.dumps(record['key'])}: "
            f"{first['loc'][0]}: {first['msg']}): {_GIVE}, or remove the line."
        ) from error


def read_llm_run(folder: str | Path) -> PlayedRun:
    """A run of an agent that asked a language model.

    Raises:
        UsageError: if the folder holds no run, or its agent asked no language model.
    """
    run = read_played(folder)
    if not any(episode.llm_tokens for episode in run.episodes):
        raise UsageError(
            f"{folder} asked no language model ({run.result.agent}): give the run of react, saycan, "
            "reflexion or swiftsage to --llm-run, and that of the distilled pair to --run."
        )
    return run


def token_costs(annotation: Annotation, run: PlayedRun, llm_runs: Sequence[PlayedRun]) -> Costs:
    """The comparison by the sum of read and written tokens.

    Raises:
        UsageError: if two runs have no variation in common.
    """
    upfront = float(sum(map(sum, annotation.tokens.values())))
    return _costs("tokens", upfront, [run, *llm_runs], lambda _, episode: float(episode.llm_tokens))


def money_costs(
    annotation: Annotation, run: PlayedRun, llm_runs: Sequence[PlayedRun], prices: Prices
) -> Costs:
    """The comparison in money.

    Raises:
        UsageError: if a model has no price, or two runs have no variation in common.
    """
    by_annotator = _annotators(prices)
    upfront = sum(
        _price(prices, by_annotator.get(name, name)).of(tokens) for name, tokens in annotation.tokens.items()
    )

    def money(result: RunResult, episode: EpisodeResult) -> float:
        if not episode.llm_tokens:
            return 0.0
        tokens = Tokens(episode.llm_prompt_tokens, episode.llm_completion_tokens)
        return _price(prices, _llm(result)).of(tokens)

    return _costs(prices.currency, upfront, [run, *llm_runs], money)


def _llm(result: RunResult) -> str:
    """The language model of a run; agents may describe their models as they like."""
    said = result.models.get("llm")
    name = said.get("id") if isinstance(said, dict) else None
    if not isinstance(name, str):
        raise UsageError(
            f"{result.folder}/{RESULTS_FILE}: models.llm is {said!r}, which names no language model by an "
            "id: restore it, or compare tokens only, --prices none."
        )
    return name


def _annotators(prices: Prices) -> dict[str, str]:
    """Annotator → model, for ledgers that only name the annotator."""
    from dataset_builder.annotation.teacher.annotator import annotator_name

    return {annotator_name(model, thought): model for model in prices.models for thought in (False, True)}


def _price(prices: Prices, model: str) -> Price:
    if model not in prices.models:
        raise UsageError(
            f"No price for {model!r}: add it to a copy of eval_harness/cost/prices.yaml and give that to "
            f"--prices (0 for a machine of your own), or compare tokens only, --prices none. Known: "
            f"{', '.join(prices.models)}."
        )
    return prices.models[model]


def _costs(
    unit: str,
    upfront: float,
    runs: Sequence[PlayedRun],
    cost_of: Callable[[RunResult, EpisodeResult], float],
) -> Costs:
    """The comparison of the first run, which paid `upfront`, with the others."""
    names = run_names([run.result for run in runs])
    by_run = [_mean_by_variation((e.key[:2], cost_of(run.result, e)) for e in run.episodes) for run in runs]
    lines = [
        Line(name, 0.0 if index else upfront, _mean(costs))
        for index, (name, costs) in enumerate(zip(names, by_run, strict=True))
    ]
    points = [
        break_even(upfront, _mean(_saved(by_run[0], costs, name)))
        for name, costs in zip(names[1:], by_run[1:], strict=True)
    ]
    return Costs(unit, lines[0], lines[1:], points)


Variation = tuple[str, int]


def _mean_by_variation(pairs: Iterable[tuple[Variation, float]]) -> dict[Variation, float]:
    """The mean cost of a variation's repetitions."""
    costs: dict[Variation, list[float]] = {}
    for variation, cost in pairs:
        costs.setdefault(variation, []).append(cost)
    return {variation: sum(values) / len(values) for variation, values in costs.items()}


def _saved(
    distilled: dict[Variation, float], llm: dict[Variation, float], name: str
) -> dict[Variation, float]:
    """The savings of the distilled agent on each variation."""
    if not any(distilled.values()):
        return (
            llm  # it costs nothing on any variation, so variations that it did not play can be compared, too
        )
    shared = {key: llm[key] - distilled[key] for key in llm if key in distilled}
    if not shared:
        raise UsageError(f"--run and the run of {name} have no variation in common: play the same tasks.")
    return shared


def _mean(values: dict[Variation, float]) -> Estimate:
    """The plain mean over tasks, as scores are averaged, with its bootstrap interval."""
    mean = Bootstrap(by_variation((*key, number) for key, number in values.items())).mean()
    if mean is None:
        raise UsageError("A run has no episode yet: let `subgoal eval run` finish.")
    return mean


def break_even(upfront: float, saved: Estimate) -> BreakEven:
    """The number of episodes after which the upfront cost is recovered.

    Args:
        upfront (`float`): cost before the first episode.
        saved (`Estimate`): savings per episode, in the same unit.
    """

    def point(per_episode: float) -> float:
        return upfront / per_episode if per_episode > 0 else inf

    if saved.low is None or saved.high is None:
        return BreakEven(point(saved.mean), None, None)
    # Larger savings mean an earlier break-even: the upper end of one is the lower end of the other.
    return BreakEven(point(saved.mean), point(saved.high), point(saved.low))


def whole(episodes: float | None) -> str:
    """A number of episodes, rounded up: `1,234`; `never`, or `-` if it is unknown."""
    if episodes is None:
        return "-"
    return "never" if episodes == inf else f"{ceil(episodes):,}"
