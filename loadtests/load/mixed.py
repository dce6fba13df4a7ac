"""Steady traffic: sticky users of a route with their segments, and, where they are set, chat streams and uploads.

locust -f loadtests/load/mixed.py --headless --host http://127.0.0.1:8080 -u 50 -r 25 -t 60s
"""

from loadtests.load.users import Reader, Steady, Uploader

__all__ = ["Reader", "Regular", "Uploader"]


class Regular(Steady):
    """Most of the traffic."""

    weight = 8
