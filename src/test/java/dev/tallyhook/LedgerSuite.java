package dev.tallyhook;

import org.junit.platform.suite.api.ExcludeClassNamePatterns;
import org.junit.platform.suite.api.IncludeClassNamePatterns;
import org.junit.platform.suite.api.SelectPackages;
import org.junit.platform.suite.api.Suite;

/** The other of the two {@link Suites}. */
@Suite
@SelectPackages("dev.tallyhook")
@IncludeClassNamePatterns(Suites.TESTS)
@ExcludeClassNamePatterns({Suites.BESIDE, Suites.CONTRACT})
final class LedgerSuite {}
