"""Tables and paired comparisons of runs."""
