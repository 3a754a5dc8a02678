"""Who works through keyed jobs: threads of this process, or a Ray cluster."""
