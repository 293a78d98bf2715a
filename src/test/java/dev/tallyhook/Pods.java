package dev.tallyhook;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerPort;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.ServicePort;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import java.util.Map;

/** What manifests have inside. */
final class Pods {

    private Pods() {}

    static String containerPort(Container container, String name) {
        return container.getPorts().stream()
                .filter(port -> port.getName().equals(name))
                .map(ContainerPort::getContainerPort)
                .findFirst()
                .orElseThrow(() -> new AssertionError(container.getName() + " has no port " + name))
                .toString();
    }

    static ServicePort servicePort(Service service, String name) {
        return service.getSpec().getPorts().stream()
                .filter(port -> port.getName().equals(name))
                .findFirst()
                .orElseThrow(() -> new AssertionError("the Service has no port " + name));
    }

    static void assertSelects(Map<String, String> selector, Map<String, String> labels) {
        assertTrue(
                !selector.isEmpty() && labels.entrySet().containsAll(selector.entrySet()), selector + " of " + labels);
    }

    static PodSpec pod(Deployment deployment) {
        return deployment.getSpec().getTemplate().getSpec();
    }

    static Map<String, String> labels(Deployment deployment) {
        return deployment.getSpec().getTemplate().getMetadata().getLabels();
    }
}
