package dev.tallyhook.intake;

import dev.tallyhook.source.Source;
import dev.tallyhook.source.Sources;
import dev.tallyhook.source.Unmapped;
import dev.tallyhook.transaction.RawRequest;
import io.quarkus.runtime.QuarkusApplication;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import javax.sql.DataSource;

/**
 * {@code map-again [source]}: maps once more what could not be mapped when it came in, by the settings and the version of now, from
 * the bytes that were kept. It takes no webhooks and finishes nothing, and may run beside replicas that do. It fills in what is missing
 * and changes nothing that is there. What it is broken off in stays as it was, and it may run again.
 */
public final class MapAgain implements QuarkusApplication {

    /** The command's name. */
    public static final String NAME = "map-again";

    /** Why a row stays as it is, beside the reasons of {@link Unmapped}. */
    private static final String NOT_CONFIGURED = "source_not_configured";

    private static final String REQUEST_GONE = "request_deleted";
    private static final String OTHER_IDENTITY = "other_identity";
    private static final String STORED_AGAIN = "stored_again";
    private static final String CONTRADICTS = "contradicts_what_is_stored";

    /** Of the requests that were read last: those of one delivery stand near each other. */
    private static final int READ_MAX = 16;

    private static final Duration TELL_PERIOD = Duration.ofSeconds(1);

    private final DataSource dataSource;
    private final Sources sources;
    private final Map<String, Integer> reasons = new TreeMap<>();
    private final Map<String, List<Webhook>> read = new LinkedHashMap<>();
    private int seen;
    private int mapped;
    private int changed;

    MapAgain(DataSource dataSource, Sources sources) {
        this.dataSource = dataSource;
        this.sources = sources;
    }

    @Override
    public int run(String... arguments) throws SQLException {
        String only = arguments.length > 1 ? arguments[1] : null;
        if (arguments.length > 2 || (only != null && sources.find(only).isEmpty())) {
            System.err.println("Usage: " + NAME + " [source], where source is one that is configured: "
                    + String.join(", ", sources.all().stream().map(Source::name).toList()));
            return 2;
        }
        try (Connection connection = dataSource.getConnection()) {
            mapAll(new KeptEvents(connection, only));
        }
        return 0;
    }

    private void mapAll(KeptEvents events) throws SQLException {
        long total = events.count();
        long told = System.nanoTime();
        while (events.hasMore()) {
            events.mapNext((kept, raw) -> map(events, kept, raw));
            if (System.nanoTime() - told > TELL_PERIOD.toNanos()) {
                told = System.nanoTime();
                tell(total);
            }
        }
        tell(total);
    }

    private void tell(long total) {
        System.out.printf(
                "%d of %d looked at: %d mapped in full, %d changed, not mapped: %s%n",
                seen, total, mapped, changed, reasons.isEmpty() ? "none" : reasons);
    }

    /** The event with what is known of it now; itself if that is no more. */
    private KeptEvent map(KeptEvents events, KeptEvent kept, KeptEvents.Raw raw) throws SQLException {
        seen++;
        Optional<Source> source = sources.find(kept.source());
        if (source.isEmpty()) {
            return stays(kept, NOT_CONFIGURED);
        }
        List<Webhook> told = read.get(kept.request());
        if (told == null) {
            Optional<RawRequest> request = raw.read();
            if (request.isEmpty()) {
                return stays(kept, REQUEST_GONE);
            }
            told = SourceWebhooks.of(source.get(), RawDelivery.restore(request.get()), null);
            remember(kept.request(), told);
        }
        Optional<Webhook> itself = told.stream()
                .filter(webhook -> webhook.transactionId().equals(kept.transactionId()))
                .findFirst();
        // What was not believed when it came does not say which event it is, either.
        boolean mayBeRead = !Unmapped.NOT_SIGNED.code().equals(kept.unmapped());
        boolean isAlone = itself.isEmpty() && mayBeRead && told.size() == 1 && events.isAlone(kept);
        Webhook now = itself.orElse(isAlone ? told.get(0) : null);
        EventRow event = now == null ? null : now.event();
        if (now == null || event == null) {
            return stays(kept, OTHER_IDENTITY);
        }
        if (kept.isContradictedBy(now, event)) {
            return stays(kept, CONTRADICTS);
        }
        if (itself.isEmpty() && events.isStored(now.transactionId())) {
            return stays(kept, STORED_AGAIN);
        }
        // Its id tells nobody which event it is, and stays: a retry may come to be stored beside it, so it is marked
        // for that.
        String reason = itself.isEmpty() ? Unmapped.NO_IDENTITY.code() : event.unmapped();
        return becomes(kept, kept.filledFrom(now, event, reason));
    }

    private void remember(String request, List<Webhook> told) {
        if (read.size() >= READ_MAX) {
            read.clear();
        }
        read.put(request, told);
    }

    private KeptEvent stays(KeptEvent kept, String why) {
        reasons.merge(why, 1, Integer::sum);
        return kept;
    }

    private KeptEvent becomes(KeptEvent kept, KeptEvent now) {
        if (now.unmapped() == null) {
            mapped++;
        } else {
            reasons.merge(now.unmapped(), 1, Integer::sum);
        }
        changed += now.equals(kept) ? 0 : 1;
        return now;
    }
}
