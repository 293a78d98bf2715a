package dev.tallyhook.access;

import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * The memory of all requests that are coming in or wait for their answers, heads and bodies. Most of it is taken before it is
 * known who sent them, and without a limit strangers would fill the heap, a request at a time.
 */
public final class RequestMemory {

    /** In bytes: a head or a body up to this is small. Those of a webhook usually have a few hundred. */
    static final int SMALL = 4096;

    /** Of the heap. */
    private static final int SHARE_OF_LARGE = 8;

    /** Of the heap, so that large ones that come in slowly leave room for those that senders usually send. */
    private static final int SHARE_OF_ALL = 4;

    private static @Nullable RequestMemory shared;

    private final long heap;
    private final AtomicLong taken = new AtomicLong();

    /** Of a heap of so many bytes. */
    RequestMemory(long heap) {
        this.heap = heap;
    }

    /** That of this process. Made when it is first asked for, because a native image has another heap than its build. */
    public static synchronized RequestMemory shared() {
        if (shared == null) {
            shared = new RequestMemory(Runtime.getRuntime().maxMemory());
        }
        return shared;
    }

    /** The largest head or body for which there is ever room, in bytes. */
    public long largest() {
        return heap / SHARE_OF_LARGE;
    }

    /**
     * Takes room for more bytes of a head or a body that has then {@code size}.
     *
     * @return false if there is none; then nothing is taken
     */
    public boolean take(int more, long size) {
        long max = heap / (size > SMALL ? SHARE_OF_LARGE : SHARE_OF_ALL);
        if (taken.addAndGet(more) <= max) {
            return true;
        }
        giveBack(more);
        return false;
    }

    /** Gives room back that was taken. */
    public void giveBack(long bytes) {
        taken.addAndGet(-bytes);
    }
}
