"""`ToolsTab`: the page on which a visitor asks the agent with tools."""

from collections.abc import Generator
from html import escape
from typing import Any

import gradio as gr

from dataset_builder.common.errors import SubgoalError
from dataset_builder.tool_agents.retrieval.base import NoPassages
from space_app.messages import user_message
from space_app.session.tools import MAX_QUESTION, Progress, ToolBackend
from space_app.ui.render import render_notice, render_progress

_INTRO = """<div class="sg-head"><h1>Ask a small agent with tools</h1>
<p>The agent <b>{agent}</b> answers in steps: it writes a thought and Python code, the code runs in a
sandbox{search}, and the agent reads the output. Beside it, {cot} answers the same question without tools, by
chain of thought.</p></div>"""

_ISOLATION = (
    "Code runs in the sandbox, with its limits of time and output, but this system lacks these layers of "
    "isolation: {layers}."
)

_API_GUIDE = """Ask from a program. The answer contains the agent's steps, its answer, and that without tools.

```python
from gradio_client import Client

space = Client("NAMESPACE/NAME")  # or the address of this page
print(space.predict("What is 6766 * 5801?", api_name="/ask")["answer"])
```"""

_QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
"""The page's own events are not part of the API."""

Updates = dict[Any, Any]
"""New values, by component."""


class ToolsTab:
    """Controls and events of the page. Create it inside a `gr.Blocks` context: that lays it out.

    Args:
        tools (`ToolBackend`): answers the questions.

    Example:

    ```python
    with gr.Blocks(), gr.Tab("Agent with tools"):
        ToolsTab(tools)
    ```
    """

    def __init__(self, tools: ToolBackend) -> None:
        self._tools = tools
        agent, cot = tools.names
        searches = not isinstance(tools.retriever, NoPassages)
        gr.HTML(
            _INTRO.format(
                agent=escape(agent),
                cot="the same model" if agent == cot else f"<b>{escape(cot)}</b>",
                search=" and may search passages" if searches else "",
            )
        )
        if off := tools.sandbox.isolation.off:
            gr.HTML(render_notice(_ISOLATION.format(layers=", ".join(off))), elem_id="isolation")
        with gr.Column(elem_classes="sg-gallery"):
            examples = [
                gr.Button(
                    f"{example.title}\n{example.question}", size="sm", elem_id=f"example-{i}", min_width=120
                )
                for i, example in enumerate(tools.examples)
            ]
        with gr.Row(elem_classes="sg-ask"):
            self.question = gr.Textbox(
                label="Question",
                info=f"At most {MAX_QUESTION} characters. One question at a time.",
                elem_id="question",
                scale=1,
                max_lines=6,
            )
            ask = gr.Button("Ask", variant="primary", elem_id="ask", scale=0, min_width=120)
        self.notice = gr.HTML(elem_id="tool-notice")
        self.board = gr.HTML(elem_id="tool-board")
        with gr.Accordion("API", open=False, elem_id="tool-api-fold"):
            gr.Markdown(_API_GUIDE)

        shown = [self.question, self.notice, self.board]
        gr.on([ask.click, self.question.submit], self.answer, self.question, shown, **_QUIET)
        for example, button in zip(tools.examples, examples, strict=True):
            button.click(self.answer, gr.State(example.question), shown, **_QUIET)

    def answer(self, question: str, request: gr.Request) -> Generator[Updates, None, None]:
        """Answer a question, and show each step as soon as it is there."""
        progress: Progress | None = None
        try:
            for progress in self._tools.answer(question, str(request.session_hash)):
                updates = {self.notice: "", self.board: self._shown(progress, working=progress.cot is None)}
                # What the visitor types while the agent works stays.
                yield updates if progress.steps else updates | {self.question: question}
        except SubgoalError as error:
            notice = {self.notice: render_notice(user_message(error))}
            yield notice if progress is None else notice | {self.board: self._shown(progress, working=False)}

    def _shown(self, progress: Progress, working: bool) -> str:
        answers = {example.question: example.answer for example in self._tools.examples}
        agent, cot = self._tools.names
        return render_progress(progress, agent, cot, answers.get(progress.question, ""), working)
