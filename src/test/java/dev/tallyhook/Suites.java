package dev.tallyhook;

/**
 * Which process runs which test. Surefire gives a process one class after another, and the application would start anew for each; a suite is
 * one class to it. What both leave out runs beside them, class by class: it takes long, needs no Quarkus, and has no limit of time that a
 * busy machine would break.
 */
final class Suites {

    /** How every test is called. */
    static final String TESTS = ".*(Test|Properties)";

    /** The profile {@code beside-each-other} of the build names the same. */
    static final String BESIDE =
            ".*\\.(Archive|ClaimProtocol|Departures|EarlierIndexes|Erase|Farewell|HttpSender|HttpSenderTls|MergeConflicts"
                    + "|OfficialLibraries|PayPal|Posted|Promtool|S3Store|Sessions|Stretches|TableChanges|TellingProtocol"
                    + "|WebhookFuzz|Workflows)Test";

    /** About half of the others, by time: the contract, its pages, and telling. */
    static final String CONTRACT =
            "dev\\.tallyhook\\.([A-Z]\\w*|(delivery|development|endpoint)\\..*)(Test|Properties)";

    private Suites() {}
}
