"""Target patterns: where the action, or the sub-goal, is found in what a model writes."""

import re
from dataclasses import dataclass
from functools import cached_property

from dataset_builder.common.errors import UsageError
from dataset_builder.llm.reasoning import without_reasoning

_LONGEST = 200  # characters of an answer that is kept; longer ones are prose
_LIST_MARK = re.compile(r"^[\s>*_`#-]*(?:\(?\d+[.):]\s+)?[\s*_`]*")
_MARKUP = "`'\"*_"


@dataclass(frozen=True)
class TargetPattern:
    r"""How an answer is found in a model's text.

    Attributes:
        kind: `first-line`; `after`, the first line after a mark; or `tag`, inside an XML-like tag.
        argument: the mark, or the name of the tag.

    Example:

    ```python
    >>> TargetPattern.parse("after:Action:").find("Thought: It is closed.\nAction: open door")
    'open door'
    ```
    """

    kind: str = "first-line"
    argument: str = ""

    @classmethod
    def parse(cls, text: str) -> "TargetPattern":
        """Read `first-line`, `after:MARK` or `tag:NAME`.

        Raises:
            UsageError: for anything else.
        """
        kind, _, argument = text.partition(":")
        argument = argument.strip()
        if (kind == "first-line" and not argument) or (kind == "after" and argument.strip(": ")):
            return cls(kind, argument)
        if kind == "tag" and re.fullmatch(r"[A-Za-z][\w-]*", argument):
            return cls(kind, argument)
        raise UsageError(
            f"Unknown target pattern {text!r}: use first-line, after:MARK (such as after:Action:) or "
            "tag:NAME (such as tag:action)."
        )

    def __str__(self) -> str:
        return f"{self.kind}:{self.argument}" if self.argument else self.kind

    @property
    def reasons(self) -> bool:
        """Whether other text, such as a thought, comes before the answer."""
        return self.kind != "first-line"

    def find(self, text: str) -> str:
        """The answer in a model's text, without reasoning and markup.

        Where the pattern does not occur, it is the first line: prose that the simulator rejects.
        """
        text = without_reasoning(text)
        match = self._pattern.search(text)
        line = match.group(1) if match else next(filter(str.strip, text.splitlines()), "")
        return bare_line(line)[:_LONGEST].strip()

    def is_complete(self, text: str) -> bool:
        """Whether the model need not write on: what follows would not change the answer."""
        answer = without_reasoning(text)
        if self.kind == "tag":
            return f"</{self.argument}>".lower() in answer.lower()
        match = self._pattern.search(answer)
        # `without_reasoning` strips the line break that ends the text.
        return bool(match and ("\n" in answer[match.start(1) :] or text.endswith("\n")))

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        if self.kind == "tag":
            name = re.escape(self.argument)
            return re.compile(rf"<{name}>\s*([^\n<]*)", re.IGNORECASE)
        if self.kind == "after":
            # Models write `**Action:** open door`, `Action 2: open door`, or the action in the next line.
            mark = re.escape(self.argument.removesuffix(":"))
            colon = r"[ \t*_]*\d*[ \t*_]*:" if self.argument.endswith(":") else ""
            return re.compile(rf"^[\s*_#>-]*{mark}{colon}[\s*_]*(\S.*)", re.IGNORECASE | re.MULTILINE)
        return re.compile(r"\A\s*(\S.*)")


def read_answer(text: str, target: TargetPattern, role: str) -> str:
    """The action or sub-goal in a model's text. Actions are lower-cased, as the simulator's are.

    Args:
        text (`str`): what the model wrote.
        target (`TargetPattern`): where the answer is in it.
        role (`str`): one of `ROLES`.
    """
    answer = target.find(text)
    return answer if role == "controller" else answer.lower()


def bare_line(line: str) -> str:
    """A line without list marks, quotes, markup and a full stop."""
    bare = line if line.strip().isdigit() else _LIST_MARK.sub("", line, count=1)
    return bare.strip().strip(_MARKUP).rstrip(".").strip().strip(_MARKUP)
