package dev.tallyhook;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.methods;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaCodeUnit;
import com.tngtech.archunit.core.domain.JavaMethod;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import dev.tallyhook.schedule.Tick;
import dev.tallyhook.source.Delivery;
import dev.tallyhook.source.Scheme;
import io.quarkus.scheduler.Scheduled;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;

/** The arrows between the packages: {@code intake → transaction ← processing}, and both tell: {@code → delivery → endpoint}. */
@AnalyzeClasses(packages = "dev.tallyhook", importOptions = ImportOption.DoNotIncludeTests.class)
final class ArchitectureTest {

    /** Ours; and the libraries below, but for what they have read. */
    private static final Set<String> PARSERS = Set.of("Json.object", "AdyenItems.read", "Form.read", "Xml.read");

    private static final List<String> PARSING_PACKAGES =
            List.of("com.fasterxml.", "jakarta.json.", "io.vertx.core.json.", "javax.xml.", "org.w3c.", "org.xml.");

    @ArchTest
    static final ArchRule problem_depends_on_no_other_package = only("problem");

    @ArchTest
    static final ArchRule schedule_depends_on_no_other_package = only("schedule");

    @ArchTest
    static final ArchRule settings_depends_on_no_other_package = only("settings");

    @ArchTest
    static final ArchRule development_depends_on_no_other_package = only("development");

    @ArchTest
    static final ArchRule database_depends_on_problem_and_schedule_alone = only("database", "problem", "schedule");

    @ArchTest
    static final ArchRule citus_depends_on_database_and_schedule = only("citus", "problem", "database", "schedule");

    @ArchTest
    static final ArchRule transaction_depends_on_citus_problem_database_schedule_and_settings_alone =
            only("transaction", "citus", "problem", "database", "schedule", "settings");

    @ArchTest
    static final ArchRule access_depends_on_problem_database_schedule_and_settings_alone =
            only("access", "problem", "database", "schedule", "settings");

    @ArchTest
    static final ArchRule intake_depends_on_access_and_transaction = only(
            "intake",
            "citus",
            "source",
            "access",
            "delivery",
            "endpoint",
            "transaction",
            "problem",
            "database",
            "schedule",
            "settings");

    @ArchTest
    static final ArchRule source_depends_on_access_and_what_that_depends_on =
            only("source", "access", "problem", "database", "schedule", "settings");

    @ArchTest
    static final ArchRule processing_depends_on_transaction = only(
            "processing",
            "citus",
            "delivery",
            "endpoint",
            "transaction",
            "problem",
            "database",
            "schedule",
            "settings");

    @ArchTest
    static final ArchRule endpoint_depends_on_what_it_is_told_of =
            only("endpoint", "source", "access", "transaction", "citus", "problem", "database", "schedule", "settings");

    @ArchTest
    static final ArchRule delivery_depends_on_endpoint = only(
            "delivery",
            "citus",
            "endpoint",
            "source",
            "access",
            "transaction",
            "problem",
            "database",
            "schedule",
            "settings");

    @ArchTest
    static final ArchRule keeping_depends_on_transaction =
            only("keeping", "citus", "transaction", "problem", "database", "schedule", "settings");

    @ArchTest
    static final ArchRule nothing_depends_on_operations = noClasses()
            .that()
            .resideOutsideOfPackage("..operations..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("..operations..");

    @ArchTest
    static final ArchRule nothing_depends_on_development = noClasses()
            .that()
            .resideOutsideOfPackage("..development..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("..development..");

    @ArchTest
    static final ArchRule no_cycles =
            slices().matching("dev.tallyhook.(*)..").should().beFreeOfCycles();

    @ArchTest
    static final ArchRule no_words_that_say_nothing =
            noClasses().should().haveNameMatching(".*(Manager|Helper|Util|Utils|Impl|Dto)");

    @ArchTest
    static final ArchRule nobody_asks_the_replicas_clock_what_is_due = noClasses()
            .should()
            .callMethod(java.time.Instant.class, "now")
            .orShould()
            .callMethod(System.class, "currentTimeMillis");

    /** So that nothing that it throws gets out, and a clock that is set back does not stop it. */
    @ArchTest
    static final ArchRule whatever_is_scheduled_is_a_tick_and_does_nothing_beside_it = methods()
            .that()
            .areAnnotatedWith(Scheduled.class)
            .should(new ArchCondition<>("only let a tick come") {
                @Override
                public void check(JavaMethod method, ConditionEvents events) {
                    var calls = method.getMethodCallsFromSelf();
                    boolean comes = calls.size() == 1
                            && calls.iterator()
                                    .next()
                                    .getTarget()
                                    .getFullName()
                                    .equals(Tick.class.getName() + ".come()");
                    events.add(new SimpleConditionEvent(method, comes, method.getFullName() + " calls " + calls));
                }
            });

    /** What anybody may send is not parsed before it is verified, but for three providers that sign fields of the body and not its bytes. */
    @ArchTest
    static void verification_parses_no_body_but_those_of_which_fields_are_signed(JavaClasses classes) {
        Map<String, String> parsing = new TreeMap<>();
        for (JavaClass scheme : classes.get(Scheme.class).getAllSubclasses()) {
            Set<String> reached = new TreeSet<>();
            collectParsers(scheme.getMethod("verify", Delivery.class), new HashSet<>(), reached);
            if (!reached.isEmpty()) {
                parsing.put(scheme.getSimpleName(), String.join(", ", reached));
            }
        }
        assertEquals(Map.of("Adyen", "AdyenItems.read", "Braintree", "Form.read", "Twilio", "Form.read"), parsing);
    }

    private static void collectParsers(JavaCodeUnit caller, Set<JavaCodeUnit> seen, Set<String> reached) {
        if (!seen.add(caller)) {
            return;
        }
        Stream.concat(caller.getCallsFromSelf().stream(), caller.getCodeUnitReferencesFromSelf().stream())
                .forEach(call -> {
                    var target = call.getTarget();
                    String name = target.getOwner().getSimpleName() + "." + target.getName();
                    if (PARSERS.contains(name)
                            || (!target.getOwner().isEquivalentTo(JsonNode.class)
                                    && PARSING_PACKAGES.stream().anyMatch(target.getFullName()::startsWith))) {
                        reached.add(name);
                    } else {
                        target.resolveMember()
                                .ifPresent(member -> collectParsers((JavaCodeUnit) member, seen, reached));
                    }
                });
    }

    /** So that what is not signed cannot be read: this is behind the verdict, where {@code UnsignedBodiesTest} looks. */
    @ArchTest
    static final ArchRule events_are_asked_for_in_one_place = methods()
            .that()
            .areDeclaredIn(Scheme.class)
            .and()
            .haveName("events")
            .should(onlyBeCalledBy("SourceWebhooks.of"));

    @ArchTest
    static final ArchRule that_place_is_asked_by_who_has_the_verdict_and_for_what_had_one = methods()
            .that()
            .areDeclaredIn("dev.tallyhook.intake.SourceWebhooks")
            .and()
            .haveName("of")
            .should(onlyBeCalledBy("SourceReceiver.verified", "MapAgain.map"));

    private static ArchCondition<JavaMethod> onlyBeCalledBy(String... callers) {
        return new ArchCondition<>("only be called by " + String.join(" and ", callers)) {
            @Override
            public void check(JavaMethod method, ConditionEvents events) {
                method.getCallsOfSelf().forEach(call -> {
                    String caller = call.getOriginOwner().getSimpleName() + "."
                            + call.getOrigin().getName();
                    events.add(new SimpleConditionEvent(
                            method, Stream.of(callers).anyMatch(caller::startsWith), call.getDescription()));
                });
            }
        };
    }

    private static ArchRule only(String name, String... allowed) {
        var others = new java.util.ArrayList<>(java.util.List.of(
                "access",
                "source",
                "intake",
                "transaction",
                "endpoint",
                "delivery",
                "processing",
                "operations",
                "problem",
                "database",
                "schedule",
                "settings",
                "citus",
                "keeping",
                "development"));
        others.remove(name);
        others.removeAll(java.util.List.of(allowed));
        return noClasses()
                .that()
                .resideInAPackage("dev.tallyhook." + name + "..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(others.stream()
                        .map(other -> "dev.tallyhook." + other + "..")
                        .toArray(String[]::new));
    }
}
