"""Load by locust: users who check what they get, spikes, and a ramp that finds the knee.

judging     who should meet whom, and whether he did
knee        where more callers bring no more answers
users       the users, one class for each kind of traffic
mixed       all kinds at once, steadily (a locust file)
spike       calm, ten times as many, calm (a locust file)
stress      ever more, step by step (a locust file)
ground      the gateways and models to be pressed on
sheet       what was found, on one screen
__main__    python -m loadtests.load
"""
