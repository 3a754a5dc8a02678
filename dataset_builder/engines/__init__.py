"""Engines that process work items: threads of this process, or a Ray cluster."""
