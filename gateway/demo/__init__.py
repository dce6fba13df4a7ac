"""`gateway demo`: three real models behind a real inference server, a gateway before them, and callers.

    command     the options
    show        what happens, in order
    interpreter which Python has MLServer
    train       the models; run by that Python, imports nothing of ours
    servers     MLServer and the gateway as processes, and when they are ready
    processes   children that end with us
    callers     the traffic
    tally       what the callers saw, counted
    screen      the tally as a table or as lines

It knows the gateway as any user does: its command, its file, its HTTP. It imports none of its other parts.
"""
