package dev.tallyhook;

import static dev.tallyhook.Pods.assertSelects;
import static dev.tallyhook.Pods.pod;
import static dev.tallyhook.Pods.servicePort;
import static io.restassured.RestAssured.given;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.Probe;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.openshift.api.model.monitoring.v1.ServiceMonitor;
import io.quarkus.test.common.http.TestHTTPResource;
import io.quarkus.test.junit.QuarkusTest;
import java.net.URI;
import java.net.URL;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Whether what the cluster asks of the service is there. */
@QuarkusTest
class KubernetesTest {

    private static Manifests production;

    private static Container container;

    @TestHTTPResource("/")
    URL http;

    @TestHTTPResource(value = "/", management = true)
    URL management;

    @BeforeAll
    static void render() throws Exception {
        Manifests.assumeCanBeRendered();
        production = Manifests.of(Manifests.KUBERNETES.resolve("overlays/production"));
        container = pod(production.one(Deployment.class, "tallyhook"))
                .getContainers()
                .get(0);
    }

    @Test
    void what_probes_ask_for_is_answered() {
        for (Probe probe :
                List.of(container.getStartupProbe(), container.getReadinessProbe(), container.getLivenessProbe())) {
            given().get(address(
                            probe.getHttpGet().getPort().getStrVal(),
                            probe.getHttpGet().getPath()))
                    .then()
                    .statusCode(200);
        }
        assertEquals("/", container.getStartupProbe().getHttpGet().getPath());
        assertEquals("/", container.getReadinessProbe().getHttpGet().getPath());
        assertEquals("/q/health/live", container.getLivenessProbe().getHttpGet().getPath());
    }

    @Test
    void prometheus_finds_the_metrics_and_names_the_job_as_the_alerts_expect() {
        var monitor = production.one(ServiceMonitor.class, "tallyhook");
        var service = production.one(Service.class, "tallyhook");
        var endpoint = monitor.getSpec().getEndpoints().get(0);
        var port = servicePort(service, endpoint.getPort());
        given().get(address(port.getTargetPort().getStrVal(), endpoint.getPath()))
                .then()
                .statusCode(200);
        assertSelects(
                monitor.getSpec().getSelector().getMatchLabels(),
                service.getMetadata().getLabels());
        assertTrue(service.getMetadata()
                .getLabels()
                .get(monitor.getSpec().getJobLabel())
                .startsWith("tallyhook"));
    }

    private String address(String port, String path) {
        URL base =
                switch (port) {
                    case "http" -> http;
                    case "management" -> management;
                    default -> throw new AssertionError("no port " + port);
                };
        return URI.create("http://" + base.getAuthority() + path).toString();
    }
}
