"""Devices, processes, and the noise of libraries."""
