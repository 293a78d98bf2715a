package dev.tallyhook.intake;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * What the writer has learned last of whether the database takes webhooks. While groups are committed they tell; otherwise whoever
 * asks has the writer ask the database, at most a few times a second however many do. Answer and patience together stay under a
 * second, so that a probe never waits longer, nor hears older news.
 */
final class LatestNews {

    /** How long an answer is news. */
    private static final Duration FRESH_FOR = Duration.ofMillis(250);

    /** After this a database that does not answer counts as one that takes nothing: it is longer than senders are let wait. */
    private static final Duration PATIENCE = Duration.ofMillis(500);

    private final Runnable wakeWriter;
    private boolean told;
    private boolean takesWebhooks;
    private long toldNanos;

    /** Asked, and not answered by the writer yet, however long ago. */
    private @Nullable CompletableFuture<Boolean> question;

    /** With what has the writer look whether there is a question. */
    LatestNews(Runnable wakeWriter) {
        this.wakeWriter = wakeWriter;
    }

    /**
     * Whether the database takes webhooks, by news that are at most 250 ms old, given after at most 500 ms. While a question goes
     * unanswered for longer, the answer stays no.
     */
    synchronized CompletionStage<Boolean> ask() {
        if (question != null) {
            return question;
        }
        if (told && System.nanoTime() - toldNanos <= FRESH_FOR.toNanos()) {
            return CompletableFuture.completedFuture(takesWebhooks);
        }
        var asked = new CompletableFuture<Boolean>();
        asked.completeOnTimeout(false, PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
        question = asked;
        wakeWriter.run();
        return asked;
    }

    /** Whether somebody waits for news that nobody has told since. */
    synchronized boolean isWanted() {
        return question != null;
    }

    /** Answers whoever has asked. To be called by the writer, after a statement that succeeded or that nobody's would. */
    void tell(boolean takes) {
        CompletableFuture<Boolean> answered;
        synchronized (this) {
            told = true;
            takesWebhooks = takes;
            toldNanos = System.nanoTime();
            answered = question;
            question = null;
        }
        if (answered != null) {
            answered.complete(takes);
        }
    }
}
