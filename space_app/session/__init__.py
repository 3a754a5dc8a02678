"""An open episode, its players and its visitors."""
