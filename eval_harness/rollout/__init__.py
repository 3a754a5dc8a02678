"""Many episodes at once: jobs, run folder, provenance, replay."""
