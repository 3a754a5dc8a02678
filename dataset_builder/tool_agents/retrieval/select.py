"""`open_retriever`: the retriever that an option names."""

from dataset_builder.tool_agents.retrieval.base import Retriever


def open_retriever(source: str) -> Retriever:
    """A retriever over passages, or of a server.

    Args:
        source (`str`): the address `http(s)://…` of a server with `POST /retrieve`; or what
            `load_passages` takes, which is indexed by BM25 in memory.

    Raises:
        UsageError: if there is nothing to search, or a package is not installed.
        SubgoalError: if the Hub cannot be reached.
    """
    if source.startswith(("http://", "https://")):
        from dataset_builder.tool_agents.retrieval.served import ServedRetriever

        return ServedRetriever(source)
    from dataset_builder.tool_agents.retrieval.bm25 import BM25Retriever
    from dataset_builder.tool_agents.retrieval.passages import load_passages

    return BM25Retriever(load_passages(source))
