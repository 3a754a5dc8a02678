"""`subgoal eval push`: a run's result for its model's card and in the Hub's `.eval_results` format."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dataset_builder.common.errors import SubgoalError, UsageError
from dataset_builder.hub.ids import split_revision
from dataset_builder.hub.push_folder import DATASET_ID, Pushed
from eval_harness.publish.model_index import KEY, add_results, parse_card
from eval_harness.publish.model_repo import HubModel, ModelSource, open_model
from eval_harness.results.records import RunResult, load_run
from modeling.checkpoints.play_results import PlayResults
from modeling.checkpoints.publish import EVAL_RESULTS
from modeling.checkpoints.training_record import RECORD, TrainingResult

if TYPE_CHECKING:
    from huggingface_hub import EvalResult

CARD = "README.md"
_PLAIN_AGENTS = ("hierarchical", "flat")


@dataclass(frozen=True)
class ResultPush:
    """The files that a push writes, and their destination.

    Attributes:
        home: the model.
        files: path → text.
        index: the run's results in the form of the card's `model-index`: `task`, `dataset`, `metrics`.

    Example:

    ```python
    push = plan_push("runs/pair", "namespace/executor")
    print(push.preview())
    push.send()
    ```
    """

    home: ModelSource
    files: dict[str, str]
    index: list[dict[str, Any]]

    def preview(self) -> str:
        """The changes to each file, to be printed."""
        parts = []
        for path, text in self.files.items():
            shown = _yaml({KEY: [{"results": self.index}]}) if path == CARD else text
            parts.append(f"--- {path}{' (of its metadata)' if path == CARD else ''}\n{shown}")
        return "".join(parts)

    def send(self) -> Pushed:
        """Write the files in one commit; a second push of the same result makes none.

        Raises:
            UsageError, SubgoalError: see `push_folder`.
        """
        return self.home.write(self.files, "Add ScienceWorld results")


def plan_push(
    folder: str | Path,
    location: str,
    *,
    revision: str | None = None,
    private: bool = False,
    force: bool = False,
) -> ResultPush:
    """Prepare the files that publish a run's result: an entry in the model's card, and a separate file.

    A result of the same agent, partner and protocol is replaced; everything else is kept.

    Args:
        folder (`str` or `Path`): the run folder.
        location (`str`): one of the run's models: a folder, or `NAMESPACE/NAME` on the Hub.
        revision (`str`, *optional*): branch; created if it is not there.
        private (`bool`, *optional*, defaults to `False`): refuse a public repository.
        force (`bool`, *optional*, defaults to `False`): also take the result of other weights, or of a
            part of the protocol's episodes, and let it replace the result with another partner model.

    Raises:
        UsageError: if there is no such run or model, the run is not finished or played only a part of its
            protocol, other weights played it, or the card has the result of another partner.
        SubgoalError: if the Hub cannot be reached.
    """
    run = load_run(folder)
    if not run.complete or run.mean_score is None:
        raise UsageError(f"The run in {folder} is not finished: run the same `subgoal eval run` again.")
    missing = None if force else _missing(run)
    if missing:
        raise UsageError(
            f"The run in {folder} {missing}: finish it (`subgoal eval run`, with --retry-failed for failed "
            "episodes), or push it anyway with --force."
        )
    home = open_model(location, revision, private)
    card = parse_card(home.read(CARD) or "", location)
    metadata = card.data.to_dict()
    if not force:
        _check_played_by(run, home, location)
    revisions = _revisions(run, home)
    results = _eval_results(run, revisions)
    if not force:
        _check_partner(run, home, revisions, _of_kind(metadata, results[0]))
    index = add_results(card, home.name, results, location)
    file = f"{EVAL_RESULTS}/scienceworld-{_slug(str(results[0].dataset_config))}.yaml"
    entries = _entries(run, revisions, *_dataset(home, metadata))
    return ResultPush(home, {CARD: str(card), file: _yaml(entries)}, index)


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def _missing(run: RunResult) -> str | None:
    """The reason why a run is not a full result of its protocol; None if it is."""
    if run.failed:
        return f"has {run.failed} failed episodes"
    wanted = len(run.rules_played().units())
    name = run.protocol["name"]
    return f"has {run.episodes} of the {wanted} episodes of {name}" if run.episodes < wanted else None


def _check_played_by(run: RunResult, home: ModelSource, location: str) -> None:
    weights = home.weights()
    if weights is None:
        raise UsageError(f"{location} has no weights (*.safetensors): name one of the run's models.")
    models = {role: model for role, model in run.models.items() if isinstance(model, dict)}
    if not models:
        raise UsageError(f"The run's agent, {run.agent}, has no models: its result belongs to none.")
    if weights not in (_weights(model) for model in models.values()):
        played = ", ".join(
            f"{role} {model.get('id')} ({str(model.get('revision'))[:19]})" for role, model in models.items()
        )
        raise UsageError(
            f"{location} (weights {weights[:19]}) did not play the run of {run.folder}, but {played}: "
            "name one of these, or add --force."
        )


def _revisions(run: RunResult, home: ModelSource) -> dict[str, str]:
    """Role → commit or content hash of the run's models; of the home's own weights always their hash."""
    own = home.weights()
    return {
        role: own if own and _weights(model) == own else str(model.get("revision", ""))
        for role, model in sorted(run.models.items())
        if isinstance(model, dict)
    }


def _check_partner(
    run: RunResult,
    home: ModelSource,
    revisions: Mapping[str, str],
    before: Iterable[Mapping[str, Any]],
) -> None:
    """Raise `UsageError` if the card's result of these rules was played with another partner."""
    for arguments in before:
        models = arguments.get("models") or {}  # cards of other tools may lack this
        for role, revision in revisions.items():
            if revision != home.weights() and models.get(role, revision) != revision:
                raise UsageError(
                    f"The card of {home.name} has a result with the {role} {models[role][:19]}, the run in "
                    f"{run.folder} was played with {revision[:19]}: add --force to replace that result."
                )


def _of_kind(card: Mapping[str, Any], result: "EvalResult") -> Iterator[Mapping[str, Any]]:
    """What a card's results on the same dataset and configuration say about their runs."""
    try:
        results = [result for model in card.get(KEY) or [] for result in model["results"]]
        for old in results:
            data = old["dataset"]
            if (data["type"], data.get("config")) == (result.dataset_type, result.dataset_config):
                yield data.get("args") or {}
    except (TypeError, KeyError, AttributeError):
        return  # add_results reports the error


def _weights(model: Mapping[str, Any]) -> str | None:
    """Content hash of the weights that played; for a Hub model, its commit."""
    revision = str(model.get("revision", ""))
    if revision.startswith("sha256:") or not revision:
        return revision or None
    try:
        return HubModel(str(model.get("id")), revision).weights()
    except UsageError:
        return None


def _eval_results(run: RunResult, revisions: dict[str, str]) -> "list[EvalResult]":
    """The figures for the card: over all tasks, by group, and the share of solved episodes."""
    agent = "" if run.agent in _PLAIN_AGENTS else f", agent {run.agent}"
    arguments = {
        "protocol": run.protocol["name"],
        "protocol_hash": run.protocol["hash"],
        "agent": run.agent,
        "models": revisions,
        **({"decoding": run.agent_settings["decoding"]} if "decoding" in run.agent_settings else {}),
        "episodes": run.episodes,
        **({"failed": run.failed} if run.failed else {}),
        "seed": run.seed,
    }
    return [
        replace(
            result,
            dataset_config=f"{result.dataset_config}{agent}",
            # The worlds come from the simulator, so its version is the version of the data.
            dataset_revision=run.versions.get("scienceworld"),
            dataset_args=arguments,
        )
        for result in PlayResults(run.to_dict()).eval_results()
    ]


def _dataset(home: ModelSource, metadata: Mapping[str, Any]) -> tuple[str, str | None]:
    """Hub id and commit of the dataset that the model was trained on."""
    record = home.read(RECORD)
    if record:
        try:
            trained = TrainingResult.from_dict(json.loads(record)).dataset
            if trained["revision"]:
                return split_revision(trained["source"])[0], trained["revision"]
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise SubgoalError(f"{RECORD} of {home.name} cannot be read: {error!r}.") from error
    named = metadata.get("datasets") or []
    if named:
        return (named if isinstance(named, str) else named[0]), None
    return DATASET_ID.replace("NAMESPACE", home.namespace or "NAMESPACE"), None


def _entries(
    run: RunResult, revisions: Mapping[str, str], dataset: str, revision: str | None
) -> list[dict[str, Any]]:
    """The figures in the Hub's format for results: the protocol and its groups are the tasks.

    For an agent that is not the method itself, such as an ablation, the agent is part of the task name, so
    that its figures are not listed as the benchmark's.
    """
    from huggingface_hub import EvalResultEntry, eval_result_entries_to_yaml

    name = run.protocol["name"]
    notes = (
        f"mean score, 0 to 100; protocol {name} ({run.protocol['hash']}), agent {run.agent}, "
        f"{run.episodes} episodes{f', {run.failed} failed' if run.failed else ''}, seed {run.seed}, "
        f"scienceworld {run.versions.get('scienceworld', 'of unknown version')}"
        + "".join(f", {role} {revision}" for role, revision in revisions.items())
    )
    agent = "" if run.agent in _PLAIN_AGENTS else f"-agent-{_slug(run.agent)}"
    figures = {f"{name}{agent}": run.mean_score} | {
        f"{name}-{horizon}{agent}": group["mean"] for horizon, group in run.groups.items()
    }
    return eval_result_entries_to_yaml(
        [
            EvalResultEntry(dataset, task, value, dataset_revision=revision, notes=notes)
            for task, value in figures.items()
            if value is not None
        ]
    )


def _yaml(value: Any) -> str:
    from huggingface_hub.utils import yaml_dump

    return yaml_dump(value, sort_keys=False)
