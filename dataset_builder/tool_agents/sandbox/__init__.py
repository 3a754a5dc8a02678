"""Runs code of models in processes that can be killed, without files and network.

Example:

```python
from dataset_builder.tool_agents.sandbox import Sandbox

with Sandbox() as sandbox, sandbox.open({"search": lambda query: "[1] Oslo: ..."}) as session:
    session.run("found = search('Oslo')")
    executions = session.run_candidates(["print(len(found))", "final_answer(1 / 0)"])
    session.keep(0)
```
"""

from typing import TYPE_CHECKING

from dataset_builder.common.lazy import lazy_exports

if TYPE_CHECKING:
    from dataset_builder.tool_agents.sandbox.base import Session, open_sandbox
    from dataset_builder.tool_agents.sandbox.limits import DEFAULT_MODULES, Execution, Isolation, Limits
    from dataset_builder.tool_agents.sandbox.local import Sandbox
    from dataset_builder.tool_agents.sandbox.local_session import LocalSession

__all__, __getattr__ = lazy_exports(
    __name__,
    {
        "base": ["Session", "open_sandbox"],
        "limits": ["DEFAULT_MODULES", "Execution", "Isolation", "Limits"],
        "local": ["Sandbox"],
        "local_session": ["LocalSession"],
    },
)
