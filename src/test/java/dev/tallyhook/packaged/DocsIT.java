package dev.tallyhook.packaged;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The packaged service brings its document along, and its page is the one that its policy knows. */
class DocsIT {

    private static final String TOKEN = "none";

    @AutoClose
    private static DatabaseServer database;

    @BeforeAll
    static void start() throws Exception {
        database = DatabaseServer.migrated();
    }

    @Test
    void the_document_and_its_page_are_there() throws Exception {
        try (var service = Service.start(database, Map.of())) {
            String document = service.get("/openapi.json", TOKEN).body();
            assertTrue(document.contains("\"openapi\":\"3.1.1\"") && document.contains("receiveWebhook"), document);
            assertTrue(service.get("/docs", TOKEN).body().contains("docs/docs.js"));
            assertEquals(200, service.get("/docs/docs.js", TOKEN).statusCode());
        }
    }

    @Test
    void an_operator_can_take_them_away() throws Exception {
        try (var service = Service.start(database, Map.of("TALLYHOOK_DOCS_ENABLED", "false"))) {
            for (String path : List.of("/openapi.json", "/openapi.yaml", "/openapi", "/docs", "/docs/")) {
                assertEquals(404, service.get(path, TOKEN).statusCode(), path);
            }
        }
    }
}
