package dev.tallyhook;

import static dev.tallyhook.Pods.assertSelects;
import static dev.tallyhook.Pods.containerPort;
import static dev.tallyhook.Pods.labels;
import static dev.tallyhook.Pods.pod;
import static dev.tallyhook.Pods.servicePort;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.Probe;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.ServiceAccount;
import io.fabric8.kubernetes.api.model.ServicePort;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.autoscaling.v2.HorizontalPodAutoscaler;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.networking.v1.Ingress;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy;
import io.fabric8.kubernetes.api.model.policy.v1.PodDisruptionBudget;
import io.quarkus.runtime.configuration.DurationConverter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Holds deploy/kubernetes to the schema of Kubernetes, to itself, and to the configuration of the service. */
class ManifestsTest {

    private static final Path OVERLAYS = Manifests.KUBERNETES.resolve("overlays");

    /** What PostgreSQL takes by default, without the three that it keeps for superusers. */
    private static final int CONNECTIONS_OF_POSTGRES = 97;

    /** Beside the drain: to finish a batch, close the pools and end. */
    private static final Duration END = Duration.ofSeconds(5);

    private static Properties application;

    private static Manifests production;

    private static Deployment deployment;

    private static Container container;

    @BeforeAll
    static void render() throws Exception {
        Manifests.assumeCanBeRendered();
        application = ApplicationProperties.read();
        production = Manifests.of(OVERLAYS.resolve("production"));
        deployment = production.one(Deployment.class, "tallyhook");
        container = pod(deployment).getContainers().get(0);
    }

    @ParameterizedTest
    @ValueSource(strings = {"readinesProbe: {}", "image: 1", "image: tallyhook\n        image: twice"})
    void a_field_that_kubernetes_does_not_know_is_found(String mistake) {
        assertThrows(IOException.class, () -> Manifests.parse("""
                apiVersion: apps/v1
                kind: Deployment
                spec:
                  template:
                    spec:
                      containers:
                      - name: tallyhook
                        %s
                """.formatted(mistake)));
    }

    @Test
    void ports_are_those_of_the_service() {
        assertEquals(application.getProperty("quarkus.http.port"), containerPort(container, "http"));
        assertEquals(application.getProperty("quarkus.management.port"), containerPort(container, "management"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"dev", "production"})
    void every_reference_leads_somewhere(String overlay) throws Exception {
        var manifests = Manifests.of(OVERLAYS.resolve(overlay));
        var pods = manifests.all(Deployment.class);
        String readme = Files.readString(Path.of("deploy/README.md"));
        for (Deployment one : pods) {
            for (Container each : pod(one).getContainers()) {
                for (var from : each.getEnvFrom()) {
                    if (from.getConfigMapRef() != null) {
                        manifests.one(ConfigMap.class, from.getConfigMapRef().getName());
                    } else {
                        assertIsThereOrSaid(manifests, from.getSecretRef().getName(), readme);
                    }
                }
                var volumes = new HashSet<String>();
                pod(one).getVolumes().forEach(volume -> volumes.add(volume.getName()));
                each.getVolumeMounts().forEach(mount -> assertTrue(volumes.contains(mount.getName()), mount::getName));
            }
            pod(one).getVolumes().stream()
                    .filter(volume -> volume.getSecret() != null)
                    .forEach(volume ->
                            assertIsThereOrSaid(manifests, volume.getSecret().getSecretName(), readme));
        }
        var account = pod(manifests.one(Deployment.class, "tallyhook")).getServiceAccountName();
        manifests.one(ServiceAccount.class, account);
        for (Service service : manifests.all(Service.class)) {
            var selected = pods.stream()
                    .filter(one -> labels(one)
                            .entrySet()
                            .containsAll(service.getSpec().getSelector().entrySet()))
                    .toList();
            assertEquals(1, selected.size(), service.getMetadata().getName());
            for (ServicePort port : service.getSpec().getPorts()) {
                containerPort(
                        pod(selected.get(0)).getContainers().get(0),
                        port.getTargetPort().getStrVal());
            }
        }
    }

    /** Secrets of production are made by hand, and the document says how. */
    private static void assertIsThereOrSaid(Manifests manifests, String name, String readme) {
        boolean isThere = manifests.all(Secret.class).stream()
                .anyMatch(secret -> secret.getMetadata().getName().equals(name));
        assertTrue(
                isThere
                        || readme.contains("secret generic " + name + " ")
                        || readme.contains("secret tls " + name + " "),
                () -> "who makes the Secret " + name + "?");
    }

    @Test
    void what_is_selected_is_the_service() {
        var labels = labels(deployment);
        assertSelects(deployment.getSpec().getSelector().getMatchLabels(), labels);
        assertSelects(
                production
                        .one(PodDisruptionBudget.class, "tallyhook")
                        .getSpec()
                        .getSelector()
                        .getMatchLabels(),
                labels);
        var policy = production.one(NetworkPolicy.class, "tallyhook").getSpec();
        assertSelects(policy.getPodSelector().getMatchLabels(), labels);
        policy.getIngress().forEach(rule -> rule.getPorts()
                .forEach(port -> containerPort(container, port.getPort().getStrVal())));
        pod(deployment)
                .getTopologySpreadConstraints()
                .forEach(constraint ->
                        assertSelects(constraint.getLabelSelector().getMatchLabels(), labels));
        var target = production
                .one(HorizontalPodAutoscaler.class, "tallyhook")
                .getSpec()
                .getScaleTargetRef();
        assertEquals(
                deployment.getKind() + " " + deployment.getMetadata().getName(),
                target.getKind() + " " + target.getName());
    }

    @Test
    void the_ingress_has_a_certificate_for_each_of_its_hosts_and_leads_to_the_service() {
        var ingress = production.one(Ingress.class, "tallyhook").getSpec();
        Set<String> certified = new HashSet<>();
        ingress.getTls().forEach(tls -> certified.addAll(tls.getHosts()));
        for (var rule : ingress.getRules()) {
            assertTrue(certified.contains(rule.getHost()), rule::getHost);
            rule.getHttp().getPaths().forEach(path -> {
                var backend = path.getBackend().getService();
                servicePort(
                        production.one(Service.class, backend.getName()),
                        backend.getPort().getName());
            });
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"dev", "production"})
    void every_variable_is_one_that_is_explained_to_operators(String overlay) throws Exception {
        var manifests = Manifests.of(OVERLAYS.resolve(overlay));
        String explained = Files.readString(Path.of("docs/running.md"));
        List<String> variables = new ArrayList<>(
                manifests.one(ConfigMap.class, "tallyhook").getData().keySet());
        manifests.all(Secret.class).stream()
                .filter(secret -> secret.getMetadata().getName().startsWith("tallyhook-database"))
                .forEach(secret -> variables.addAll(secret.getData().keySet()));
        for (String variable : variables) {
            assertTrue(explained.contains("| `" + variable + "` |"), variable);
        }
    }

    @Test
    void files_that_are_named_lie_where_secrets_are_mounted() {
        var files = Pattern.compile("/etc/[\\w./-]+");
        var mounts = container.getVolumeMounts();
        String values = String.join(
                " ", production.one(ConfigMap.class, "tallyhook").getData().values());
        List<String> named =
                files.matcher(values).results().map(match -> match.group()).toList();
        assertEquals(3, named.size(), () -> named + ": secrets, tokens, and who signed PostgreSQL's certificate");
        for (String file : named) {
            assertTrue(mounts.stream().anyMatch(mount -> file.startsWith(mount.getMountPath() + "/")), file);
        }
    }

    @Test
    void the_drain_fits_into_the_time_that_the_cluster_gives() {
        Duration delay = DurationConverter.parseDuration(
                production.one(ConfigMap.class, "tallyhook").getData().get("QUARKUS_SHUTDOWN_DELAY"));
        Duration timeout = DurationConverter.parseDuration(application.getProperty("quarkus.shutdown.timeout"));
        Duration grace = Duration.ofSeconds(pod(deployment).getTerminationGracePeriodSeconds());
        Duration apart = Duration.ofSeconds(deployment.getSpec().getMinReadySeconds());
        assertTrue(delay.plus(timeout).compareTo(apart) < 0, "two may drain at once");
        assertTrue(delay.plus(timeout).plus(END).compareTo(grace) <= 0, delay + " and " + timeout + " in " + grace);
        Probe readiness = container.getReadinessProbe();
        Duration notices = Duration.ofSeconds((long) readiness.getPeriodSeconds() * readiness.getFailureThreshold());
        assertTrue(notices.compareTo(delay) <= 0, "the probe takes " + notices + " to notice a stop");
    }

    @Test
    void probes_are_patient_with_a_start_and_quick_after_it() {
        Probe startup = container.getStartupProbe();
        int patience = startup.getPeriodSeconds() * startup.getFailureThreshold();
        assertTrue(patience >= 600, "a large ledger is migrated in " + patience + " s");
        assertTrue(patience < deployment.getSpec().getProgressDeadlineSeconds());
        assertTrue(container.getReadinessProbe().getTimeoutSeconds() >= 1, "the probe may take half a second");
        assertTrue(container.getLivenessProbe().getTimeoutSeconds() >= 1);
    }

    /** It is what the Deployment runs, with the same database, and less of everything else. */
    @Test
    void a_job_can_migrate_beforehand() throws IOException {
        var job = Manifests.parse(Files.readString(Manifests.KUBERNETES.resolve("migrate.yaml")))
                .one(Job.class, "tallyhook-migrate");
        PodSpec pod = job.getSpec().getTemplate().getSpec();
        Container migrates = pod.getContainers().get(0);
        assertEquals(container.getImage(), migrates.getImage());
        assertEquals(container.getSecurityContext(), migrates.getSecurityContext());
        assertEquals(pod(deployment).getSecurityContext(), pod.getSecurityContext());
        assertTrue(container.getEnvFrom().containsAll(migrates.getEnvFrom()));
        assertTrue(container.getVolumeMounts().containsAll(migrates.getVolumeMounts()));
        assertTrue(pod(deployment).getVolumes().containsAll(pod.getVolumes()));
        Map<String, String> environment = new HashMap<>();
        migrates.getEnv().forEach(variable -> environment.put(variable.getName(), variable.getValue()));
        var configured = production.one(ConfigMap.class, "tallyhook").getData();
        assertEquals(configured.get("QUARKUS_DATASOURCE_JDBC_URL"), environment.get("QUARKUS_DATASOURCE_JDBC_URL"));
        assertEquals("true", environment.get("QUARKUS_INIT_AND_EXIT"));
    }

    @Test
    void as_many_replicas_as_there_may_be_have_connections() {
        int ofEach = 1; // Flyway's.
        for (String pool : List.of("", "intake.", "processing.", "sweep.", "delivery.")) {
            ofEach += Integer.parseInt(application.getProperty("quarkus.datasource." + pool + "jdbc.max-size"));
        }
        int replicas = production
                        .one(HorizontalPodAutoscaler.class, "tallyhook")
                        .getSpec()
                        .getMaxReplicas()
                + deployment
                        .getSpec()
                        .getStrategy()
                        .getRollingUpdate()
                        .getMaxSurge()
                        .getIntVal()
                + 1; // That drains.
        assertTrue(
                replicas * ofEach <= CONNECTIONS_OF_POSTGRES,
                replicas + " replicas take " + replicas * ofEach + " connections");
    }

    @ParameterizedTest
    @ValueSource(strings = {"dev", "production"})
    void pods_are_as_restricted_as_their_namespace_demands(String overlay) throws Exception {
        var manifests = Manifests.of(OVERLAYS.resolve(overlay));
        assertEquals(
                "restricted",
                manifests
                        .all(Namespace.class)
                        .get(0)
                        .getMetadata()
                        .getLabels()
                        .get("pod-security.kubernetes.io/enforce"));
        for (Deployment one : manifests.all(Deployment.class)) {
            PodSpec pod = pod(one);
            assertTrue(pod.getSecurityContext().getRunAsNonRoot());
            assertNotEquals(0, pod.getSecurityContext().getRunAsUser());
            assertEquals(
                    "RuntimeDefault",
                    pod.getSecurityContext().getSeccompProfile().getType());
            assertEquals(false, pod.getAutomountServiceAccountToken());
            for (Container each : pod.getContainers()) {
                var context = each.getSecurityContext();
                assertEquals(false, context.getAllowPrivilegeEscalation());
                assertTrue(context.getReadOnlyRootFilesystem());
                assertEquals(List.of("ALL"), context.getCapabilities().getDrop());
                assertTrue(context.getCapabilities().getAdd().isEmpty());
                assertTrue(each.getResources().getLimits().containsKey("memory"));
                assertTrue(each.getResources().getRequests().keySet().containsAll(List.of("cpu", "memory")));
            }
        }
    }

    @Test
    void the_user_is_the_one_of_the_images() throws IOException {
        long user = pod(deployment).getSecurityContext().getRunAsUser();
        try (var dockerfiles = Files.list(Path.of("src/main/docker"))) {
            for (Path dockerfile : dockerfiles.toList()) {
                assertTrue(Files.readString(dockerfile).contains("USER " + user), dockerfile::toString);
            }
        }
    }
}
