package dev.tallyhook.delivery;

/** What is answered to who asks for a replay: how it stands, or, of a dry run, how many messages it would queue. */
sealed interface ReplayAnswer permits ReplayView, ReplayCount.Count {}
