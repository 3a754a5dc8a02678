"""ScienceWorld: one Java process, many episodes, the table of tasks."""
