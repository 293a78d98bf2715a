package dev.tallyhook.endpoint;

/** Whether an endpoint is told. */
public enum EndpointState {
    /** It is told. */
    ENABLED,
    /** What is for it gathers until it is enabled again. */
    PAUSED,
    /** Nothing gathers; what waits stays, and the ledger has the rest. */
    DISABLED
}
