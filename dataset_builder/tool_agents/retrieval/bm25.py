"""`BM25Retriever`: lexical retrieval in memory, without a server (package `bm25s`)."""

import re
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dataset_builder.common.errors import UsageError
from dataset_builder.common.extras import check_extra
from dataset_builder.tool_agents.retrieval.base import TOP_K, Passage
from dataset_builder.tool_agents.retrieval.passages import PASSAGES, read_passages, write_passages

# Words without which a query means the same. bm25s' own list has no question words.
_STOPWORDS = frozenset(
    re.findall(
        r"\w+",
        "a an and are as at be by do does did for from has have how in into is it its of on or than that the "
        "their there these they this to was were what when where which who whose will with",
    )
)
_WORD = re.compile(r"\w+")


class BM25Retriever:
    """Ranks passages by BM25 (Lucene's variant) over title and text. Safe to use from threads.

    Passages without any word of the query are never returned. Equal scores keep the order of the
    passages, so that results are the same on every machine.

    Args:
        passages (`Sequence[Passage]`): at least one.

    Raises:
        UsageError: if there are no passages, or the package is not installed.

    Example:

    ```python
    >>> retriever = BM25Retriever([Passage("0", "Chad", "The capital of Chad is N'Djamena.")])
    >>> retriever.search(["capital of Chad"])[0][0].title
    'Chad'
    ```
    """

    def __init__(self, passages: Sequence[Passage]) -> None:
        self.passages = list(passages)
        if not self.passages:
            raise UsageError("There are no passages to search: name a dataset with at least one.")
        self._index = _new_index()
        words = [_words(f"{passage.title} {passage.text}") for passage in self.passages]
        if not any(words):
            raise UsageError("The passages hold no words to search for: check columns title and text.")
        self._index.index(words, show_progress=False)

    def search(self, queries: Sequence[str], top_k: int = TOP_K) -> list[list[Passage]]:
        """See `Retriever`."""
        return [self._search(query, top_k) for query in queries]

    def _search(self, query: str, top_k: int) -> list[Passage]:
        import numpy as np

        words = [word for word in _words(query) if word in self._index.vocab_dict]
        if not words:
            return []
        scores = self._index.get_scores(words)
        best = np.argsort(-scores, kind="stable")[:top_k]
        return [self.passages[index] for index in best if scores[index] > 0]

    def save(self, folder: str | Path) -> None:
        """Write index and passages to a folder."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        self._index.save(folder)
        write_passages(folder / PASSAGES, self.passages)

    @classmethod
    def load(cls, folder: str | Path) -> "BM25Retriever":
        """The retriever that `save` wrote.

        Raises:
            UsageError: if the folder holds none, or a damaged one.
        """
        folder = Path(folder)
        retriever = cls.__new__(cls)
        retriever.passages = read_passages(folder / PASSAGES)
        try:
            retriever._index = type(_new_index()).load(folder)
        except (OSError, ValueError, KeyError) as error:
            raise UsageError(f"{folder} holds no BM25 index that can be read: build it again.") from error
        if retriever._index.scores["num_docs"] != len(retriever.passages):
            raise UsageError(f"{folder} holds an index of other passages: build it again.")
        return retriever


def _new_index() -> Any:
    check_extra("bm25s", "tools", "Retrieval by BM25")
    import bm25s

    return bm25s.BM25(method="lucene", backend="numpy")


def _words(text: str) -> list[str]:
    """Words in lower case without accents: questions rarely spell names as the passages do."""
    plain = unicodedata.normalize("NFKD", text.lower())
    plain = "".join(character for character in plain if not unicodedata.combining(character))
    return [word for word in _WORD.findall(plain) if word not in _STOPWORDS]
