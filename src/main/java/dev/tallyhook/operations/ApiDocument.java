package dev.tallyhook.operations;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.cfg.JsonNodeFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.ext.web.Route;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import java.io.IOException;
import java.io.UncheckedIOException;
import org.jspecify.annotations.Nullable;

/**
 * The document of the API, which is written by hand as YAML, and given out so and as JSON. It is read when somebody asks: most
 * replicas are never asked, and an extension that prepares it at the start costs each of them 5 MB.
 */
@ApplicationScoped
class ApiDocument {

    private static final String RESOURCE = "META-INF/openapi.yaml";

    private final DocsConfig docs;
    private @Nullable Buffer json;

    ApiDocument(DocsConfig docs) {
        this.docs = docs;
    }

    void register(@Observes Router router) {
        if (docs.enabled()) {
            at("/openapi.json", router).blockingHandler(this::answerJson);
            at("/openapi.yaml", router).blockingHandler(ApiDocument::answerYaml);
            at("/openapi", router).blockingHandler(ApiDocument::answerYaml);
        } else {
            router.route("/openapi*").handler(context -> context.fail(404));
        }
    }

    private static Route at(String path, Router router) {
        return router.route(path).method(HttpMethod.GET).method(HttpMethod.HEAD);
    }

    private void answerJson(RoutingContext context) {
        answer(context, "application/json", json());
    }

    private static void answerYaml(RoutingContext context) {
        answer(context, "application/yaml", Buffer.buffer(yaml()));
    }

    private static void answer(RoutingContext context, String type, Buffer document) {
        context.response().putHeader(HttpHeaders.CONTENT_TYPE, type).end(document);
    }

    private synchronized Buffer json() {
        if (json == null) {
            try {
                // Numbers keep their digits, as amounts do.
                var document = YAMLMapper.builder()
                        .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
                        .disable(JsonNodeFeature.STRIP_TRAILING_BIGDECIMAL_ZEROES)
                        .build()
                        .readTree(yaml());
                json = Buffer.buffer(new JsonMapper().writeValueAsBytes(document));
            } catch (IOException broken) {
                throw new UncheckedIOException(broken);
            }
        }
        return json;
    }

    private static byte[] yaml() {
        return BuildResource.bytes(RESOURCE);
    }
}
