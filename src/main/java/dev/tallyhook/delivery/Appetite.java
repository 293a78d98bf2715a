package dev.tallyhook.delivery;

import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** How much a lane claims, and from where on. Rows have one or many messages, so it goes by what they had last. */
final class Appetite {

    /** Rows at once at most. */
    private static final int ROWS_MAX = 32;

    /** So many times what may be under way is claimed ahead, so that nobody who answers at once waits for a claim. */
    private static final int AHEAD = 16;

    /** A transaction that was about to commit so long ago has: what is queued stands in time behind what was seen then. */
    private static final Duration COMMITTED = Duration.ofSeconds(5);

    private final Side fresh;
    private final Side again;

    /** @param rowsAtFirst at once, where it is not known that there are more; twice as many after each claim that was full */
    Appetite(int rowsAtFirst) {
        fresh = new Side(false, rowsAtFirst);
        again = new Side(true, rowsAtFirst);
    }

    /** Rows that are told for the first time, or again. */
    private static final class Side {

        private final boolean replay;

        /** What was to be told until then is told, or is seen by a look from the beginning. */
        private OffsetDateTime floor = Queue.FROM_THE_BEGINNING;

        /** The next claim looks from the beginning, and until one has, all do. */
        private boolean owesLook = true;

        /** The earliest of the rows that went back since the last claim was wanted, which may not have seen them. */
        private @Nullable OffsetDateTime wentBack;

        /** Where the claim that is under way looks from; one that fails changes nothing. */
        private OffsetDateTime asked = Queue.FROM_THE_BEGINNING;

        private final int rowsAtFirst;
        private int rowsMax;
        private double messagesInRow = 1;
        private int wanted;
        private boolean mayHaveMore;

        Side(boolean replay, int rowsAtFirst) {
            this.replay = replay;
            this.rowsAtFirst = rowsAtFirst;
            this.rowsMax = rowsAtFirst;
        }

        void want(String endpointId, int messages, List<Queue.Want> into) {
            wanted = 0;
            if (messages > 0) {
                floor = wentBack == null || floor.isBefore(wentBack) ? floor : wentBack;
                wentBack = null;
                asked = owesLook ? Queue.FROM_THE_BEGINNING : floor;
                wanted = (int) Math.min(Math.max(Math.ceil(messages / messagesInRow), 1), rowsMax);
                into.add(new Queue.Want(endpointId, replay, wanted, asked));
            }
            mayHaveMore = wanted == 0; // Whatever came meanwhile has not been looked for.
        }

        void claimed(List<Parcel> rows, Instant before) {
            if (wanted == 0) {
                return;
            }
            mayHaveMore = rows.size() >= wanted;
            rowsMax = mayHaveMore ? Math.min(2 * rowsMax, ROWS_MAX) : rowsAtFirst;
            OffsetDateTime seen = behind(before);
            for (Parcel row : rows) {
                int messages = row.ids().size();
                // One long row is known at once, or the next claim would bring many of them.
                messagesInRow = messages > messagesInRow ? messages : messagesInRow + (messages - messagesInRow) / 4;
                if (mayHaveMore && row.nextAt().isBefore(seen)) {
                    seen = justBefore(row.nextAt());
                }
            }
            floor = seen.isAfter(asked) ? seen : asked;
            owesLook = false;
            wanted = 0;
        }

        void tookTooLong(Instant now) {
            if (wanted > 0 && owesLook) {
                owesLook = false;
                floor = floor.equals(Queue.FROM_THE_BEGINNING) ? behind(now) : floor;
            }
        }

        void lookAgain(OffsetDateTime since) {
            OffsetDateTime before = justBefore(since);
            wentBack = wentBack == null || before.isBefore(wentBack) ? before : wentBack;
        }

        private static OffsetDateTime behind(Instant seen) {
            return seen.minus(COMMITTED).atOffset(ZoneOffset.UTC);
        }

        /** Rows are looked for behind a floor, by microseconds. */
        private static OffsetDateTime justBefore(OffsetDateTime time) {
            return time.minusNanos(1_000);
        }
    }

    /** The next claim looks from the beginning. */
    void oweLook() {
        fresh.owesLook = true;
        again.owesLook = true;
    }

    /**
     * What to claim.
     *
     * @param allowed attempts at once
     * @param freshOnes messages that are claimed and wait
     * @param againOnes the same, of those that are sent again
     * @param onTrial whether one attempt is to show whether the endpoint is well again
     */
    List<Queue.Want> wants(String endpointId, int allowed, int freshOnes, int againOnes, boolean onTrial) {
        List<Queue.Want> wants = new ArrayList<>();
        int room = onTrial ? 1 : AHEAD * allowed;
        fresh.want(endpointId, isLow(allowed, freshOnes) ? room - freshOnes : 0, wants);
        boolean idle = freshOnes == 0;
        again.want(endpointId, idle && isLow(allowed, againOnes) ? room - againOnes : 0, wants);
        return wants;
    }

    private static boolean isLow(int allowed, int waiting) {
        return waiting < allowed * AHEAD / 2;
    }

    /**
     * What a claim has brought.
     *
     * @param before a time, by the database's clock, before it looked
     */
    void claimed(List<Parcel> rows, Instant before) {
        fresh.claimed(rows.stream().filter(row -> !row.isReplay()).toList(), before);
        again.claimed(rows.stream().filter(Parcel::isReplay).toList(), before);
    }

    /**
     * The claim was cut off for its length. Before the next look from the beginning it is not tried from there again; and where nothing is known
     * yet, what is queued from now on is told at least.
     */
    void tookTooLong(Instant now) {
        fresh.tookTooLong(now);
        again.tookTooLong(now);
    }

    boolean isHungry(int allowed, int freshOnes, int againOnes) {
        boolean forFresh = fresh.mayHaveMore && isLow(allowed, freshOnes);
        boolean forAgain = again.mayHaveMore && freshOnes == 0 && isLow(allowed, againOnes);
        return allowed > 0 && (forFresh || forAgain);
    }

    /** Rows are back in the queue, the earliest of them with this time. */
    void lookAgain(OffsetDateTime since) {
        fresh.lookAgain(since);
        again.lookAgain(since);
    }
}
