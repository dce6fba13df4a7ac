"""The kinds of event the gateway records, as `notify[].when` names them."""

EVENT_KINDS = (
    "breaker_tripped",
    "breaker_probing",
    "breaker_closed",
    "endpoint_ejected",
    "endpoint_returned",
    "variant_unavailable",
    "variant_available",
    "reload_applied",
    "reload_refused",
    "revision_restored",
    "override_set",
    "override_ended",
    "store_lost",
    "store_back",
    "worker_restarted",
    "shadow_period_started",
)
