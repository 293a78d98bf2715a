let ahead = 0;

/** Keeps the database's clock: what time it said, measured by this browser's. */
export function setClock(text) {
  ahead = Date.parse(text) - Date.now();
}

/** What the database's clock says now, in milliseconds since the epoch. */
export const databaseNow = () => Date.now() + ahead;
