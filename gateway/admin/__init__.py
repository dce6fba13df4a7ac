"""The admin address: the API, metrics and health; HTTP, tokens and shapes, and nothing of how the gateway works."""
