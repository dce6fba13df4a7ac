"""A soak: mixed traffic for long, every trouble again and again, and an accountant who wants no request unexplained.

    plan      what is served and called: the gateway's configuration, the kinds of calls
    book      one byte for each request, kept by the models: who received it, who answered it well
    upstream  the models, a process of its own
    callers   the traffic, over raw connections
    seen      what the callers saw, counted
    troubles  kills, faults, reloads, a database that is away
    gauges    memory, descriptors and threads of each process over time, and their slopes
    verdict   the accounts: what the callers, the models and the gateway counted, held against each other
    report    all of it for people and for machines
    __main__  python -m loadtests.soak --minutes 30

It uses the tests' own hands for processes: the gateway as a command, a PostgreSQL server, the kernel's figures.
"""
