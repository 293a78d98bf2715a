const SLOWEST_MILLIS = 5000;
const SHORTEST_PAUSE_MILLIS = 250;

let paused = false;

export const isPaused = () => paused;

/** Holds back, or lets go on, everything that repeats. */
export function pause(value) {
  paused = value;
  document.dispatchEvent(new Event("pausechange"));
}

/**
 * Runs a task again and again, never twice at once, not while nobody looks, and more slowly while it fails. Returns a
 * function that runs it at once, or right after the run that is under way.
 */
export function repeat(task, intervalMillis, wanted = () => true) {
  let timer;
  let running = false;
  let again = false;
  let failures = 0;

  async function run(asked) {
    clearTimeout(timer);
    if (running) {
      again ||= asked;
      return;
    }
    running = true;
    const began = performance.now();
    if (asked || (!paused && !document.hidden && wanted())) {
      try {
        await task();
        failures = 0;
      } catch {
        // The task has told its reader; here it only counts.
        failures++;
      }
    }
    running = false;
    const rest = Math.max(SHORTEST_PAUSE_MILLIS, intervalMillis - (performance.now() - began));
    const backOff = Math.min(SLOWEST_MILLIS, intervalMillis * 2 ** (failures - 1));
    timer = setTimeout(run, again ? 0 : failures > 0 ? backOff : rest, again);
    again = false;
  }

  const look = () => run(false);
  document.addEventListener("visibilitychange", look);
  document.addEventListener("pausechange", look);
  run(false);
  return () => run(true);
}
