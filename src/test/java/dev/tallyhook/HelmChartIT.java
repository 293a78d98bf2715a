package dev.tallyhook;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.marcnuri.helm.Helm;
import com.marcnuri.helm.TemplateCommand;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.networking.v1.Ingress;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The chart makes what deploy/kubernetes makes, and refuses values that cannot be meant. It is not among the unit tests, because no agent can
 * be attached any more to a process that has rendered a chart with Helm's library, and the fuzzer attaches one.
 */
class HelmChartIT {

    private static final Path CHART = Path.of("deploy/helm/tallyhook");

    /** Some version that the chart takes. */
    private static final String KUBERNETES = "1.32.0";

    private static final ObjectMapper JSON = new ObjectMapper();

    /** Labels that Helm's users expect beside the one that kustomize gives. */
    private static final List<String> HELMS = List.of(
            "app.kubernetes.io/instance", "app.kubernetes.io/managed-by", "app.kubernetes.io/version", "helm.sh/chart");

    /** Kinds that somebody looks for by their labels; the others have as many as each tool gives them. */
    private static final List<String> SELECTED = List.of("Deployment", "Service");

    @BeforeAll
    static void needsHelm() {
        Assumptions.assumeTrue(
                System.getProperty("os.name").toLowerCase(Locale.ROOT).contains("linux")
                        && System.getProperty("os.arch").equals("amd64"),
                "the library that brings Helm has it for Linux on x86-64 alone");
    }

    private static TemplateCommand template(String release) {
        return template(CHART, release);
    }

    private static TemplateCommand template(Path chart, String release) {
        return new Helm(chart)
                .template()
                .withName(release)
                .withNamespace("tallyhook")
                .withKubeVersion(KUBERNETES);
    }

    private static Manifests rendered(TemplateCommand template) throws IOException {
        return Manifests.parse(template.call());
    }

    @Test
    void nothing_is_found_fault_with() {
        var result = new Helm(CHART).lint().strict().call();
        assertFalse(result.isFailed(), () -> String.join("\n", result.getMessages()));
    }

    @Test
    void as_it_is_it_makes_what_the_overlay_of_production_makes() throws Exception {
        Manifests.assumeCanBeRendered();
        Map<String, JsonNode> expected = byName(Manifests.of(Manifests.KUBERNETES.resolve("overlays/production")));
        assertEquals(expected, byName(rendered(template("tallyhook"))));
        assertTrue(expected.size() > 7, () -> expected.keySet().toString());
    }

    /** The library leaves hooks out, so it is given a chart in which the Job is none. */
    @Test
    void its_job_is_the_one_that_migrates_by_hand(@TempDir Path folder) throws Exception {
        Path chart = withoutHooks(folder);
        var template = template(chart, "tallyhook").set("migration.enabled", true);
        // It goes where the service would migrate, behind PgBouncer too.
        var elsewhere = rendered(template(chart, "tallyhook")
                        .set("migration.enabled", true)
                        .set("env.QUARKUS_FLYWAY_JDBC_URL", "jdbc:postgresql://pgbouncer:6432/tallyhook"))
                .one(Job.class, "tallyhook-migrate");
        assertTrue(elsewhere.toString().contains("jdbc:postgresql://pgbouncer:6432/tallyhook"));
        assertEquals(
                byName(Manifests.parse(Files.readString(Manifests.KUBERNETES.resolve("migrate.yaml")))),
                comparable(rendered(template).one(Job.class, "tallyhook-migrate")));
    }

    private static Path withoutHooks(Path folder) throws IOException {
        Path job = Path.of("templates/migration.yaml");
        String hook = """
                  annotations:
                    helm.sh/hook: pre-upgrade
                    helm.sh/hook-delete-policy: before-hook-creation
                """;
        for (Path file : files()) {
            Path copy = folder.resolve(file);
            Files.createDirectories(copy.getParent());
            String text = Files.readString(CHART.resolve(file));
            Files.writeString(copy, file.equals(job) ? text.replace(hook, "") : text);
        }
        assertTrue(Files.readString(CHART.resolve(job)).contains(hook));
        return folder;
    }

    /** Else the secrets of a source would be there without its scheme, and the Job would end with that error. */
    @Test
    void its_job_has_the_whole_configuration_where_secrets_have_a_part_of_it_and_runs_where_replicas_may(
            @TempDir Path folder) throws Exception {
        Path values = Files.writeString(folder.resolve("production.yaml"), """
                migration: {enabled: true}
                env: {TALLYHOOK_SOURCES_STRIPE_SCHEME: stripe, TALLYHOOK_OPEN_ACCESS: false}
                secrets: {env: [tallyhook-sources]}
                nodeSelector: {kubernetes.io/arch: amd64}
                tolerations: [{key: dedicated, operator: Exists}]
                priorityClassName: important
                """);
        var manifests = rendered(
                template(withoutHooks(folder.resolve("chart")), "tallyhook").withValuesFile(values));
        var pod = manifests
                .one(Job.class, "tallyhook-migrate")
                .getSpec()
                .getTemplate()
                .getSpec();
        var service = manifests
                .one(Deployment.class, "tallyhook")
                .getSpec()
                .getTemplate()
                .getSpec();
        // A name that is there twice ends this too.
        Map<String, String> env = pod.getContainers().get(0).getEnv().stream()
                .collect(Collectors.toMap(EnvVar::getName, EnvVar::getValue));
        assertEquals("true", env.get("TALLYHOOK_OPEN_ACCESS"));
        assertEquals("stripe", env.get("TALLYHOOK_SOURCES_STRIPE_SCHEME"));
        assertEquals(service.getVolumes(), pod.getVolumes());
        assertEquals(
                service.getContainers().get(0).getVolumeMounts(),
                pod.getContainers().get(0).getVolumeMounts());
        assertEquals(service.getNodeSelector(), pod.getNodeSelector());
        assertEquals(service.getTolerations(), pod.getTolerations());
        assertEquals("important", pod.getPriorityClassName());
    }

    private static List<Path> files() throws IOException {
        try (var files = Files.walk(CHART)) {
            return files.filter(Files::isRegularFile).map(CHART::relativize).toList();
        }
    }

    @Test
    void two_releases_do_not_meet() throws Exception {
        var one = byName(rendered(template("tallyhook")));
        var other = byName(rendered(template("staging")));
        assertEquals(List.of(), one.keySet().stream().filter(other::containsKey).toList());
        Deployment deployment = rendered(template("staging")).one(Deployment.class, "staging-tallyhook");
        assertEquals(
                "staging", deployment.getSpec().getSelector().getMatchLabels().get("app.kubernetes.io/instance"));
    }

    @Test
    void a_change_of_the_configuration_rolls_the_replicas() throws Exception {
        var changed = template("tallyhook").set("env.QUARKUS_SHUTDOWN_DELAY", "9S");
        assertNotEquals(checksum(rendered(template("tallyhook"))), checksum(rendered(changed)));
        assertEquals(
                "9S",
                rendered(changed).one(ConfigMap.class, "tallyhook").getData().get("QUARKUS_SHUTDOWN_DELAY"));
    }

    private static String checksum(Manifests manifests) {
        return manifests
                .one(Deployment.class, "tallyhook")
                .getSpec()
                .getTemplate()
                .getMetadata()
                .getAnnotations()
                .get("checksum/config");
    }

    @Test
    void what_is_switched_off_is_not_there() throws Exception {
        var manifests = rendered(template("tallyhook")
                .set("ingress.enabled", false)
                .set("autoscaling.enabled", false)
                .set("replicas", 3));
        assertEquals(List.of(), manifests.all(Ingress.class));
        assertEquals(3, manifests.one(Deployment.class, "tallyhook").getSpec().getReplicas());
    }

    @Test
    void whatever_may_be_set_is_what_a_cluster_takes(@TempDir Path folder) throws Exception {
        Path values = Files.writeString(folder.resolve("values.yaml"), """
                image: {tag: 1.2.3, pullPolicy: Always}
                imagePullSecrets: [{name: registry}]
                env: {TALLYHOOK_INTAKE_BODY_SIZE_MAX: 1048576, TALLYHOOK_DOCS_ENABLED: false}
                secrets: {env: [tallyhook-sources]}
                ingress: {className: nginx, annotations: {example.com/redirect: "true"}}
                networkPolicy: {egressPorts: [6432, 443]}
                serviceMonitor: {job: tallyhook-staging, labels: {release: prometheus}}
                podAnnotations: {example.com/scrape: "true"}
                nodeSelector: {kubernetes.io/arch: amd64}
                tolerations: [{key: dedicated, operator: Exists}]
                affinity: {nodeAffinity: {}}
                priorityClassName: important
                """);
        var manifests = rendered(template("tallyhook").withValuesFile(values));
        var data = manifests.one(ConfigMap.class, "tallyhook").getData();
        assertEquals("1048576", data.get("TALLYHOOK_INTAKE_BODY_SIZE_MAX"));
        assertEquals("false", data.get("TALLYHOOK_DOCS_ENABLED"));
        var pod = manifests
                .one(Deployment.class, "tallyhook")
                .getSpec()
                .getTemplate()
                .getSpec();
        assertEquals(
                "ghcr.io/tallyhook/tallyhook:1.2.3", pod.getContainers().get(0).getImage());
        assertEquals(3, pod.getContainers().get(0).getEnvFrom().size());
        assertEquals("important", pod.getPriorityClassName());
        var off = rendered(template("tallyhook")
                .set("networkPolicy.enabled", false)
                .set("serviceMonitor.enabled", false)
                .set("podDisruptionBudget.enabled", false));
        assertEquals(
                manifests.all(HasMetadata.class).size() - 3,
                off.all(HasMetadata.class).size());
    }

    /** Secrets belong into Secrets; the others are typing errors. */
    @ParameterizedTest
    @CsvSource({
        "env.TALLYHOOK_WEBHOOK_SECRETS, whsec_x",
        "env.QUARKUS_DATASOURCE_PASSWORD, x",
        "env.TALLYHOOK_SOURCES_STRIPE_SECRETS, whsec_x",
        "env.QUARKUS_DATASOURCE_JDBC_URL, jdbc:postgresql://db/x?password=x",
        "podAnnotations.scrape, true",
        "env.QUARKUS_DATASOURCE_JDBC_URL, postgres://db",
        "ingres.host, x",
        "image.pullPolicy, Sometimes",
        "serviceMonitor.job, payments",
    })
    void what_cannot_be_meant_is_refused(String name, String value) {
        var refused = template("tallyhook").set(name, value);
        var complaint = assertThrows(RuntimeException.class, refused::call);
        assertTrue(complaint.getMessage().contains("don't meet the specifications of the schema"), complaint::toString);
    }

    /** But for the namespace, which Helm makes itself if it is told to. */
    private static Map<String, JsonNode> byName(Manifests manifests) {
        Map<String, JsonNode> named = new TreeMap<>();
        manifests.all(HasMetadata.class).stream()
                .filter(object -> !(object instanceof Namespace))
                .forEach(object -> named.putAll(comparable(object)));
        return named;
    }

    private static Map<String, JsonNode> comparable(HasMetadata object) {
        JsonNode tree = JSON.valueToTree(object);
        String text = tree.toString();
        // What kustomize puts behind the name of a ConfigMap, so that a change rolls the replicas.
        JsonNode plain = read(text.replaceAll("\"tallyhook-[a-z0-9]{10}\"", "\"tallyhook\""));
        ObjectNode metadata = (ObjectNode) plain.get("metadata");
        metadata.remove("namespace");
        if (!SELECTED.contains(plain.get("kind").asText())) {
            metadata.remove("labels");
        }
        strip(plain);
        return Map.of(
                plain.get("kind").asText() + " " + plain.at("/metadata/name").asText(), plain);
    }

    private static JsonNode read(String text) {
        try {
            return JSON.readTree(text);
        } catch (IOException impossible) {
            throw new UncheckedIOException(impossible);
        }
    }

    private static void strip(JsonNode node) {
        if (node instanceof ObjectNode object) {
            object.remove(HELMS);
            if (object.get("annotations") instanceof ObjectNode annotations) {
                annotations.remove(List.of("checksum/config", "helm.sh/hook", "helm.sh/hook-delete-policy"));
                if (annotations.isEmpty()) {
                    object.remove("annotations");
                }
            }
            if (object.get("labels") instanceof ObjectNode labels) {
                labels.remove(HELMS);
                if (labels.isEmpty()) {
                    object.remove("labels");
                }
            }
        }
        node.forEach(HelmChartIT::strip);
    }
}
