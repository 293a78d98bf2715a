package dev.tallyhook.delivery;

import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;

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

    /** @param messagesInRow as many are expected in a row before any was seen */
    Appetite(int messagesInRow) {
        fresh = new Side(false, messagesInRow);
        again = new Side(true, messagesInRow);
    }

    /** Rows that are told for the first time, or again. */
    private static final class Side {

        private final boolean replay;

        /** What was to be told until then is told, or is seen by a look from the beginning. */
        private OffsetDateTime floor = Queue.FROM_THE_BEGINNING;

        /** Rows went back since the last claim was wanted, which may not have seen them. */
        private boolean wentBack;

        /** Where the claim that is under way looks from; one that fails changes nothing. */
        private OffsetDateTime asked = Queue.FROM_THE_BEGINNING;

        private double messagesInRow;
        private int wanted;
        private boolean mayHaveMore;

        Side(boolean replay, int messagesInRow) {
            this.replay = replay;
            this.messagesInRow = messagesInRow;
        }

        void want(String endpointId, int messages, boolean all, List<Queue.Want> into) {
            asked = all ? Queue.FROM_THE_BEGINNING : floor;
            wanted = 0;
            if (messages > 0) {
                wentBack = false;
                wanted = (int) Math.min(Math.max(Math.ceil(messages / messagesInRow), 1), ROWS_MAX);
                into.add(new Queue.Want(endpointId, replay, wanted, asked));
            }
            mayHaveMore = wanted == 0; // Whatever came meanwhile has not been looked for.
        }

        void claimed(List<Queue.Claimed> rows, Instant before) {
            if (wanted == 0) {
                return;
            }
            mayHaveMore = rows.size() >= wanted;
            OffsetDateTime seen = before.minus(COMMITTED).atOffset(ZoneOffset.UTC);
            for (Queue.Claimed row : rows) {
                int messages = row.parcel().ids().size();
                // One long row is known at once, or the next claim would bring many of them.
                messagesInRow = messages > messagesInRow ? messages : messagesInRow + (messages - messagesInRow) / 4;
                if (mayHaveMore && row.nextAt().isBefore(seen)) {
                    seen = row.nextAt().minusNanos(1_000);
                }
            }
            if (!wentBack) {
                floor = seen.isAfter(asked) ? seen : asked;
            }
            wanted = 0;
        }

        void lookAgain() {
            floor = Queue.FROM_THE_BEGINNING;
            wentBack = true;
        }
    }

    /**
     * What to claim.
     *
     * @param allowed attempts at once
     * @param freshOnes messages that are claimed and wait
     * @param againOnes the same, of those that are sent again
     * @param onTrial whether one attempt is to show whether the endpoint is well again
     * @param all whether to look from the beginning
     */
    List<Queue.Want> wants(String endpointId, int allowed, int freshOnes, int againOnes, boolean onTrial, boolean all) {
        List<Queue.Want> wants = new ArrayList<>();
        int room = onTrial ? 1 : AHEAD * allowed;
        fresh.want(endpointId, isLow(allowed, freshOnes) ? room - freshOnes : 0, all, wants);
        boolean idle = freshOnes == 0;
        again.want(endpointId, idle && isLow(allowed, againOnes) ? room - againOnes : 0, all, wants);
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
    void claimed(List<Queue.Claimed> rows, Instant before) {
        fresh.claimed(rows.stream().filter(row -> !row.parcel().isReplay()).toList(), before);
        again.claimed(rows.stream().filter(row -> row.parcel().isReplay()).toList(), before);
    }

    boolean isHungry(int allowed, int freshOnes, int againOnes) {
        boolean forFresh = fresh.mayHaveMore && isLow(allowed, freshOnes);
        boolean forAgain = again.mayHaveMore && freshOnes == 0 && isLow(allowed, againOnes);
        return allowed > 0 && (forFresh || forAgain);
    }

    /** Rows are back in the queue, with the times that they had. */
    void lookAgain() {
        fresh.lookAgain();
        again.lookAgain();
    }
}
