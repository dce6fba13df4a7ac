"""An outage rehearsed: misbehaving models, the gateway before them, callers, and a line for each second.

callers     at a fixed rate, each answer judged
sheet       what they saw, in lines
watch       what the gateway says of itself: its events and its trips
__main__    python -m loadtests.rehearsal SCENARIO.yaml
"""
