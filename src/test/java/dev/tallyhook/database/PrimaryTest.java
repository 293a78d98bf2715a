package dev.tallyhook.database;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tallyhook.database.Sighting.Server;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class PrimaryTest {

    private static final Server ONE = new Server("10.0.0.1 port 5432", "1");
    private static final Server TWO = new Server("10.0.0.2 port 5432", "2");

    private final Primary primary = new Primary();

    @Test
    void the_first_server_that_takes_writes_is_no_move() {
        assertEquals(Optional.empty(), newest(ONE));
        assertEquals(Optional.of(ONE), primary.known());
        assertEquals(Optional.empty(), newest(ONE));
    }

    @Test
    void a_session_that_was_opened_elsewhere_is_a_move() {
        newest(ONE);
        assertEquals(Optional.of(ONE), newest(TWO));
        assertEquals(Optional.of(TWO), primary.known());
    }

    @Test
    void a_session_that_takes_writes_elsewhere_since_its_server_was_promoted_is_a_move() {
        newest(ONE);
        assertEquals(Optional.of(ONE), primary.move(Optional.empty(), Optional.of(ONE), Optional.of(TWO)));
    }

    @Test
    void one_that_has_moved_before_it_was_asked_for_is_a_move_from_where_sessions_had_begun() {
        assertEquals(Optional.of(ONE), primary.move(Optional.of(TWO), Optional.of(ONE), Optional.empty()));
        assertEquals(Optional.of(TWO), primary.known());
    }

    @Test
    void a_server_that_was_started_anew_is_another_one() {
        newest(ONE);
        assertEquals(Optional.of(ONE), newest(new Server(ONE.address(), "3")));
    }

    @Test
    void what_a_new_connection_finds_while_sessions_take_no_writes_is_right_also_back_where_it_was() {
        newest(ONE);
        newest(TWO);
        assertEquals(Optional.of(TWO), primary.move(Optional.of(ONE), Optional.of(TWO), Optional.empty()));
        assertEquals(Optional.of(ONE), primary.move(Optional.of(TWO), Optional.of(TWO), Optional.empty()));
    }

    @Test
    void two_servers_that_one_name_leads_to_in_turn_are_one_move_and_not_one_for_each_session() {
        newest(ONE);
        int moves = 0;
        for (int i = 0; i < 100; i++) {
            moves += newest(i % 2 == 0 ? TWO : ONE).isPresent() ? 1 : 0;
        }
        assertEquals(1, moves);
    }

    @Test
    void servers_that_were_left_long_ago_are_forgotten() {
        for (int i = 0; i < 1_000; i++) {
            newest(new Server(ONE.address(), Integer.toString(i)));
        }
        assertTrue(newest(new Server(ONE.address(), "0")).isPresent());
    }

    private Optional<Server> newest(Server server) {
        return primary.move(Optional.empty(), Optional.of(server), Optional.empty());
    }
}
