package dev.tallyhook;

import org.junit.platform.suite.api.ExcludeClassNamePatterns;
import org.junit.platform.suite.api.IncludeClassNamePatterns;
import org.junit.platform.suite.api.SelectPackages;
import org.junit.platform.suite.api.Suite;

/** One of the two {@link Suites}. */
@Suite
@SelectPackages("dev.tallyhook")
@IncludeClassNamePatterns(Suites.CONTRACT)
@ExcludeClassNamePatterns(Suites.BESIDE)
final class ContractSuite {}
