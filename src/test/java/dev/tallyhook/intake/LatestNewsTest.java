package dev.tallyhook.intake;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class LatestNewsTest {

    private final AtomicInteger wakes = new AtomicInteger();
    private final LatestNews news = new LatestNews(wakes::incrementAndGet);

    @Test
    void what_was_just_told_is_news_and_nobody_is_asked() {
        news.tell(true);
        assertTrue(news.ask().toCompletableFuture().join());
        news.tell(false);
        assertFalse(news.ask().toCompletableFuture().join());
        assertEquals(0, wakes.get());
        assertFalse(news.isWanted());
    }

    @Test
    void many_who_ask_at_once_are_one_question() {
        var answers = IntStream.range(0, 100)
                .mapToObj(i -> news.ask().toCompletableFuture())
                .toList();
        assertEquals(1, wakes.get());
        assertTrue(news.isWanted());
        news.tell(true);
        answers.forEach(answer -> assertTrue(answer.join()));
        assertFalse(news.isWanted());
    }

    @Test
    void old_news_are_asked_for_anew() throws InterruptedException {
        news.tell(true);
        Thread.sleep(300);
        var answer = news.ask().toCompletableFuture();
        assertFalse(answer.isDone());
        assertEquals(1, wakes.get());
        news.tell(true);
        assertTrue(answer.join());
    }

    @Test
    void while_a_question_goes_unanswered_the_answer_stays_no_and_it_is_not_asked_again() {
        assertFalse(news.ask().toCompletableFuture().join(), "after half a second");
        assertFalse(news.ask().toCompletableFuture().getNow(true), "at once");
        assertEquals(1, wakes.get());
        news.tell(true);
        assertTrue(news.ask().toCompletableFuture().join());
    }
}
