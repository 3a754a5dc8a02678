"""Playing small agents with tools on sets of questions, and reporting their scores."""
