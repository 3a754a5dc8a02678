"""The Space: an episode in the browser, step by step, with the plan open to the visitor's hand."""
