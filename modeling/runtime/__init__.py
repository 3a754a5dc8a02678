"""Devices, processes, and the verbosity of libraries."""
