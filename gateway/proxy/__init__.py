"""One request's way through a worker: decide, attempt, answer, record."""
