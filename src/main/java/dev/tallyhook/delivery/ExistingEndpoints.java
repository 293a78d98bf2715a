package dev.tallyhook.delivery;

import dev.tallyhook.problem.ProblemException;
import dev.tallyhook.transaction.Absence;
import dev.tallyhook.transaction.Sql;
import dev.tallyhook.transaction.Timestamps;
import jakarta.enterprise.context.ApplicationScoped;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.regex.Pattern;
import javax.sql.DataSource;

/** Refuses what is asked of an endpoint that is not there. */
@ApplicationScoped
class ExistingEndpoints {

    /** As the table has it. */
    private static final Pattern ID = Pattern.compile("[a-z0-9]([a-z0-9_-]{0,62}[a-z0-9])?");

    private static final String NOT_FOUND = "Endpoint not found";

    private final DataSource dataSource;

    ExistingEndpoints(DataSource dataSource) {
        this.dataSource = dataSource;
    }

    /**
     * Passes if it is there.
     *
     * @return the database's clock
     * @throws ProblemException 404 if it is not, 503 if the database cannot say so
     */
    Instant require(String endpointId) throws SQLException {
        if (!ID.matcher(endpointId).matches()) {
            throw notFound();
        }
        try (Connection connection = dataSource.getConnection()) {
            List<Instant> found = new Sql()
                    .add("SELECT clock_timestamp() FROM endpoints WHERE endpoint_id = ?", endpointId)
                    .query(connection, row -> Timestamps.of(row, 1));
            if (found.isEmpty()) {
                throw Absence.of(connection, null, NOT_FOUND);
            }
            return found.get(0);
        }
    }

    static ProblemException notFound() {
        return ProblemException.notFound(NOT_FOUND);
    }
}
