package dev.tallyhook.citus;

/**
 * A server that has shards.
 *
 * @param group which stays when another server takes its place
 * @param host as Citus knows it, and as this service reaches it
 */
public record Node(int group, String host, int port) {

    /** In log lines and as the label of a metric. */
    @Override
    public String toString() {
        return host + ":" + port;
    }
}
