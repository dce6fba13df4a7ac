"""Models that misbehave: servers whose faults can be switched, for a share of the calls and over time.

lengths     lengths of time, shares, and how lengths are distributed
faults      what can go wrong, and which fault a call gets
scenario    a YAML file: which model does what, from when on
answers     what a model that is well answers
serving     the servers
switchboard faults switched by hand, over HTTP
__main__    python -m loadtests.models SCENARIO.yaml
"""
