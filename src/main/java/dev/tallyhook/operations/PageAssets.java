package dev.tallyhook.operations;

import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Map;
import java.util.zip.GZIPInputStream;

/**
 * The libraries of the pages: the files that these name, and no others. They are kept compressed, because that is how nearly every
 * browser takes them, and a native binary carries them in its memory.
 */
@ApplicationScoped
class PageAssets {

    private static final String FOLDER = "dev/tallyhook/operations/";
    private static final String SCRIPT = "text/javascript;charset=UTF-8";
    private static final String STYLES = "text/css;charset=UTF-8";

    /** By their paths, as the pages write them. */
    private static final Map<String, String> TYPES = Map.of(
            "/webjars/swagger-ui/5.31.0/swagger-ui-bundle.js", SCRIPT,
            "/webjars/swagger-ui/5.31.0/swagger-ui.css", STYLES,
            "/webjars/uplot/1.6.30/dist/uPlot.iife.min.js", SCRIPT,
            "/webjars/uplot/1.6.30/dist/uPlot.min.css", STYLES);

    /** The paths name versions, so what is at one never changes. */
    private static final String CACHE_CONTROL = "public, max-age=31536000, immutable";

    void register(@Observes Router router) {
        TYPES.forEach((path, type) -> router.route(path)
                .method(HttpMethod.GET)
                .method(HttpMethod.HEAD)
                .blockingHandler(context -> answer(context, path.substring(path.lastIndexOf('/') + 1), type), false));
    }

    private static void answer(RoutingContext context, String name, String type) {
        var response = context.response()
                .putHeader(HttpHeaders.CONTENT_TYPE, type)
                .putHeader(HttpHeaders.CACHE_CONTROL, CACHE_CONTROL)
                .putHeader(HttpHeaders.VARY, HttpHeaders.ACCEPT_ENCODING);
        byte[] content = BuildResource.bytes(FOLDER + name + ".gz");
        if (takesGzip(context)) {
            response.putHeader(HttpHeaders.CONTENT_ENCODING, "gzip");
        } else {
            content = plain(content);
        }
        response.end(Buffer.buffer(content));
    }

    /** RFC 9110 section 12.5.3: a weight of 0 refuses what it is given to. */
    private static boolean takesGzip(RoutingContext context) {
        return context.parsedHeaders().acceptEncoding().stream()
                .anyMatch(encoding -> encoding.value().equalsIgnoreCase("gzip") && encoding.weight() > 0);
    }

    private static byte[] plain(byte[] compressed) {
        try (var content = new GZIPInputStream(new ByteArrayInputStream(compressed))) {
            return content.readAllBytes();
        } catch (IOException broken) {
            throw new UncheckedIOException(broken);
        }
    }
}
