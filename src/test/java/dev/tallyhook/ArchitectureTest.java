package dev.tallyhook;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.methods;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaMethod;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import dev.tallyhook.schedule.Tick;
import io.quarkus.scheduler.Scheduled;

/** The arrows between the packages: {@code intake → transaction ← processing}. */
@AnalyzeClasses(packages = "dev.tallyhook", importOptions = ImportOption.DoNotIncludeTests.class)
final class ArchitectureTest {

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
    static final ArchRule transaction_depends_on_problem_database_schedule_and_settings_alone =
            only("transaction", "problem", "database", "schedule", "settings");

    @ArchTest
    static final ArchRule access_depends_on_problem_database_schedule_and_settings_alone =
            only("access", "problem", "database", "schedule", "settings");

    @ArchTest
    static final ArchRule intake_depends_on_access_and_transaction =
            only("intake", "source", "access", "transaction", "problem", "database", "schedule", "settings");

    @ArchTest
    static final ArchRule source_depends_on_access_and_what_that_depends_on =
            only("source", "access", "problem", "database", "schedule", "settings");

    @ArchTest
    static final ArchRule processing_depends_on_transaction =
            only("processing", "transaction", "problem", "database", "schedule", "settings");

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

    private static ArchRule only(String name, String... allowed) {
        var others = new java.util.ArrayList<>(java.util.List.of(
                "access",
                "source",
                "intake",
                "transaction",
                "processing",
                "operations",
                "problem",
                "database",
                "schedule",
                "settings",
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
