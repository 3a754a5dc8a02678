"""`RunFolder`: the files of one run; it survives kills and refuses other runs."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dataset_builder.common.errors import UsageError
from dataset_builder.common.files import check_output_folder, write_atomically
from dataset_builder.common.jsonl_store import JsonlStore
from eval_harness.protocols.protocol import EpisodeKey
from eval_harness.results.records import (
    EPISODES_FILE,
    RESULTS_FILE,
    EpisodeResult,
    RunResult,
    episodes_in,
    load_run,
    summarize,
)

_SAVE_EVERY = 5.0  # seconds between rewrites of results.json while episodes come in


class RunFolder:
    """`episodes.jsonl`, one line per finished episode, appended; and `results.json`, replaced whole.

    `results.json` is written when the run begins, so that the folder can be identified even if the run is
    killed in its first episode, and again while episodes are recorded.

    Args:
        path (`str` or `Path`): the folder; this process owns it (see `folder_lock`).
        identity (`dict`): `agent`, `models`, `agent_settings`, `protocol`, `seed`: must be equal for a run
            to be resumed.
        facts (`dict`): `rules`, `batch_size`, `versions`, `hardware` of this session.

    Raises:
        UsageError: if the folder holds another run, or a line that is not an episode.

    Example:

    ```python
    folder = RunFolder("runs/pair", identity, facts)
    for episode in Rollout(agent, protocol, simulator, 32).run(folder.missing(protocol.units())):
        folder.append(episode)
    folder.save(complete=True).mean_score
    ```
    """

    def __init__(self, path: str | Path, identity: dict[str, Any], facts: dict[str, Any]) -> None:
        self.path = Path(path)
        self._identity = json.loads(json.dumps(identity, default=str))
        self._facts = facts
        self._asked: dict[str, list[int]] = {}
        self._earlier_seconds = self._check_owner()
        self._store = JsonlStore(self.path / EPISODES_FILE)
        self.episodes = {episode.key: episode for episode in episodes_in(self._store)}
        """Finished episodes by key; of a retried one, the last record."""
        self._began = self._saved = time.monotonic()
        self.save(complete=False)

    def _check_owner(self) -> float:
        """Refuse another run's folder; return the seconds already spent on this one."""
        if not (self.path / RESULTS_FILE).exists():
            if (self.path / EPISODES_FILE).exists():
                raise UsageError(
                    f"{self.path} has episodes but no {RESULTS_FILE} that says which run they belong to: "
                    "use another --out, or remove the folder."
                )
            check_output_folder(self.path, [RESULTS_FILE, EPISODES_FILE], "a run")
            return 0.0
        earlier = load_run(self.path)
        if differences := list(_differences(earlier.to_dict(), self._identity)):
            raise UsageError(
                f"{self.path} holds another run ({'; '.join(differences)}): use another --out, or "
                "remove the folder."
            )
        self._asked = earlier.asked
        return earlier.wall_seconds

    def missing(self, units: list[EpisodeKey], retry_failed: bool = False) -> list[EpisodeKey]:
        """The episodes without a record, and the failed ones if they are to be retried."""
        # Recorded before anything is played: a killed run must not look complete.
        for unit in units:
            self._asked[unit.task] = sorted({*self._asked.get(unit.task, ()), unit.variation})
        return [
            unit
            for unit in units
            if unit not in self.episodes or (retry_failed and self.episodes[unit].error is not None)
        ]

    def append(self, episode: EpisodeResult) -> None:
        """Record a finished episode; from then on it survives a kill."""
        self._store.append(episode.key, episode.to_dict())
        self.episodes[episode.key] = episode
        if time.monotonic() - self._saved > _SAVE_EVERY:
            self.save(complete=False)

    def save(self, complete: bool) -> RunResult:
        """Write `results.json` for all recorded episodes, in one atomic replacement.

        Args:
            complete (`bool`): whether this session has played all episodes that it was asked for.
        """
        played = {(key.task, key.variation) for key in self.episodes}
        asked = {(task, variation) for task, variations in self._asked.items() for variation in variations}
        seconds = self._earlier_seconds + time.monotonic() - self._began
        result = RunResult(
            **summarize(self.episodes.values()),
            **self._identity,
            **self._facts,
            complete=complete and asked <= played,
            asked=self._asked,
            wall_seconds=round(seconds, 1),
            folder=self.path,
        )
        text = json.dumps(result.to_dict(), indent=2, ensure_ascii=False) + "\n"
        try:
            write_atomically(self.path / RESULTS_FILE, text)
        except PermissionError as error:
            raise UsageError(f"Cannot write to {self.path}: {error.strerror}. Use another --out.") from error
        self._saved = time.monotonic()
        return result


def _differences(there: Any, here: Any, name: str = "") -> Iterator[str]:
    """Where two identities differ, such as `its seed is 0, not 1`."""
    if isinstance(there, dict) and isinstance(here, dict):
        if here.get("revision") and there.get("revision") == here["revision"]:
            there = {**there, "id": here.get("id")}  # the same weights in another folder
            there.setdefault("files", here.get("files"))  # runs of earlier releases lack it
        if "id" in here and "kind" in here:
            there = {"kind": here["kind"], **there}  # and this
        for key in here if not name else [*here, *(key for key in there if key not in here)]:
            yield from _differences(there.get(key), here.get(key), f"{name}.{key}" if name else key)
    elif there != here:
        yield f"its {name} is {there}, not {here}"
