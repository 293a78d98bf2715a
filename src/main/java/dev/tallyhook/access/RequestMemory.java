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

    /** In bytes: a body up to this is none of the largest. Most providers' events have less, and none of the API's own webhooks has more. */
    static final int USUAL = 65_536;

    /** What all together may take of the heap, in sixteenths; those that are larger leave room for those that are smaller. */
    private static final int OF_LARGE = 2;

    private static final int OF_USUAL = 3;
    private static final int OF_SMALL = 4;
    private static final int WHOLE = 16;

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
        return share(OF_LARGE);
    }

    /**
     * Takes room for more bytes of a head or a body that has then {@code size}.
     *
     * @return false if there is none; then nothing is taken
     */
    public boolean take(int more, long size) {
        long max = share(size <= SMALL ? OF_SMALL : size <= USUAL ? OF_USUAL : OF_LARGE);
        if (taken.addAndGet(more) <= max) {
            return true;
        }
        giveBack(more);
        return false;
    }

    private long share(int parts) {
        return heap / WHOLE * parts;
    }

    /** Gives room back that was taken. */
    public void giveBack(long bytes) {
        taken.addAndGet(-bytes);
    }
}
