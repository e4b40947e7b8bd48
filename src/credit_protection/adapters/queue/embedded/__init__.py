"""The queue engine of one process: threads that are started explicitly and sleep while nothing is due."""
